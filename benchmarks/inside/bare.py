"""The part of the work that nobody can skip, done by tiktoken alone.

Rendering is encoding each text of the prompt; parsing is joining the bytes of the ids. `library`
is harmonium, which here only says what the prompt's texts and the vocabulary are.
"""

import tiktoken
from own import conversation

from harmonium.tokens.split_pattern import O200K_PATTERN


class Encode:
    """Encode the texts that a conversation's prompt consists of, one by one."""

    def __init__(self, library, data):
        encoding = library.load_encoding()
        options = {"next_role": "assistant", "profile": "oss", "history": "library"}
        segments = encoding.render_segments(conversation(library, data), **options)
        self.texts = [part.text for part in segments if type(part) is library.Text]
        self.core = core_of(encoding)

    def run(self):
        encode = self.core.encode_ordinary
        return [encode(text) for text in self.texts]

    def outcome(self, found):
        return found


class Decode:
    """Return the bytes of completions' ids."""

    def __init__(self, library, data):
        self.data = [list(ids) for ids in data]  # they have just arrived
        self.core = core_of(library.load_encoding())

    def run(self):
        decode = self.core.decode_bytes
        return [decode(ids) for ids in self.data]

    def outcome(self, found):
        return found


_cores = {}


def core_of(encoding):
    """Make tiktoken's encoding as tiktoken itself would, once a process."""
    tokenizer = encoding.tokenizer
    if not _cores:
        _cores[tokenizer.name] = tiktoken.Encoding(
            tokenizer.name,
            pat_str=O200K_PATTERN,
            mergeable_ranks=tokenizer.vocabulary.ranks(),
            special_tokens=dict(tokenizer.special_tokens),
        )
    return _cores[tokenizer.name]


WORKS = {"render": Encode, "parse": Decode}
