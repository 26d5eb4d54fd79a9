"""The part of the work between APIs and tokens that nobody can skip; see openai_own.

For a prompt: tiktoken's encoding of its texts. For a stream: `json.dumps` of the objects that go
out. Which texts and objects these are, harmonium says, untimed.
"""

import json

import bare
import openai_own

from harmonium.openai import chat_request


class Encode:
    """Encode the texts that a chat request's prompt consists of, one by one."""

    def __init__(self, library, data):
        encoding = library.load_encoding()
        said = chat_request(data).conversation
        segments = encoding.render_segments(said, next_role="assistant", profile="oss")
        self.texts = [part.text for part in segments if type(part) is library.Text]
        self.core = bare.core_of(encoding)

    def run(self):
        encode = self.core.encode_ordinary
        return [encode(text) for text in self.texts]

    def outcome(self, found):
        return len(found)


class Dump:
    """Dump the chunks that an answer becomes, one by one."""

    made = openai_own.Chunks

    def __init__(self, library, data):
        made = self.made(library, data)
        self.objects = made.events(made.run())

    def run(self):
        dump = json.dumps
        return [dump(found).encode() for found in self.objects]

    def outcome(self, found):
        return len(found)


class DumpEvents(Dump):
    """Dump the events of Responses."""

    made = openai_own.Events


WORKS = {"chat prompt": Encode, "chat chunks": Dump, "responses events": DumpEvents}
