"""Cache of rendered conversations, so that the next turn costs only what is new.

Theory of operation. A conversation usually comes back with more behind it, as the very same
message objects. The ids of those at its front are then copied, not written again.

- Key: the identities of the first messages, and the rules they are printed by. An identity is safe
  as a key because the entry keeps its messages alive: while it exists, no other object can have
  their ids.
- Validity: messages of text are frozen, so the same object prints the same. Settings hold schemas
  that a caller may change; they are flattened again and compared (`is_same`).
- What depends on the whole conversation (which reasoning is dropped, whether functions are
  declared) is kept with the entry; where it differs, what it touches is written again.
- Whoever uses an entry takes it out of the cache meanwhile: a second thread with the same
  conversation finds nothing, and renders it anew.

Memory is the only bound. Other libraries' messages can be cached as well: whoever knows them says
how they are flattened and recognised. Does not know how ids are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from harmonium.model import Conversation, Message, TextContent
from harmonium.render.flat_messages import (
    FlatMessage,
    LazySettings,
    flat_message_of,
    offers_functions,
)
from harmonium.render.history import first_kept
from harmonium.render.id_writer import CachingEncoder, IdWriter, utterance_ids
from harmonium.render.options import RenderOptions
from harmonium.tokens import PromptKey

M = TypeVar("M")

_FEW = 8
"""Messages of the shortest conversation that is kept: a shorter one is rendered as quickly anew."""
_ANCHORS = 2
"""How many messages of text at the front tell one conversation from another."""
_BYTES_PER_ID = 36
"""An int object of 28 bytes and a pointer."""
_BYTES_PER_MESSAGE = 500
"""A message, its flat form, and its places in the lists, rounded up."""
_BYTES_PER_CHARACTER = 4
"""The most that a character takes in a Python string."""


@dataclass(slots=True)
class Prompt:
    """A conversation as it was rendered; belongs to whoever took it out of the cache.

    ``marks`` is what each message is recognised by; ``ends`` and ``characters`` count the ids and
    the text up to the end of each. The ids depend on the last two as well.
    """

    marks: list[object] = field(default_factory=list)
    utterances: list[FlatMessage] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    characters: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    boundary: int = 0
    has_function_tools: bool = False

    @property
    def size(self) -> int:
        """Bytes: ids, texts, and what holds them."""
        of_text = _BYTES_PER_CHARACTER * self.characters[-1]
        return of_text + _BYTES_PER_ID * len(self.ids) + _BYTES_PER_MESSAGE * len(self.marks)

    def cut(self, count: int) -> None:
        """Keep only the ids of so many messages at the front."""
        del self.ends[count:], self.characters[count:]
        del self.ids[self.ends[-1] if count else 0 :]


class MessageAdapter(NamedTuple, Generic[M]):
    """The handling of one kind of messages.

    ``mark`` gives what a message is recognised by, None when only flattening it shows what it is.
    ``read`` flattens messages and marks them. ``count_same`` tells how many messages at the front
    still are what they were in a prompt.
    """

    read: Callable[[Sequence[M]], tuple[list[FlatMessage], list[object]]]
    mark: Callable[[M], object]
    count_same: Callable[[Prompt, Sequence[M]], int]


def cached_ids(
    messages: Sequence[M],
    kind: MessageAdapter[M],
    tokenizer: CachingEncoder,
    options: RenderOptions,
) -> list[int]:
    """Return the token ids of a conversation, quicker where its front was rendered before.

    Raises:
        HarmoniumError: as `utterance_ids`.

    """
    key = _key(messages, kind, options) if len(messages) >= _FEW else None
    if key is None:
        return utterance_ids(kind.read(messages)[0], tokenizer, options)
    prompts = tokenizer.cache.prompts
    found = prompts.pop(key)  # another thread with the same conversation finds nothing to change
    prompt = found if isinstance(found, Prompt) else Prompt()
    same = kind.count_same(prompt, messages)
    new, marks = kind.read(messages[same:])
    prompt.utterances[same:], prompt.marks[same:] = new, marks
    writer = _write(prompt, same, tokenizer, options)
    writer.ids = prompt.ids[:]
    prompts.put(key, prompt)
    writer.finish(prompt.utterances)
    return writer.ids


def _write(
    prompt: Prompt, same: int, tokenizer: CachingEncoder, options: RenderOptions
) -> IdWriter:
    """Write what follows the first `same` messages of a prompt, and more if these print anew."""
    utterances = prompt.utterances
    has_functions = offers_functions(utterances)
    boundary = first_kept([header for header, _ in utterances], options.history)
    if prompt.has_function_tools != has_functions:
        same = 0
    elif prompt.boundary != boundary:
        same = min(same, prompt.boundary, boundary)
    prompt.cut(same)
    prompt.boundary, prompt.has_function_tools = boundary, has_functions
    writer = IdWriter(tokenizer, options, has_function_tools=has_functions)
    writer.ids, writer.ends = prompt.ids, prompt.ends
    writer.write(utterances, boundary, same)
    total = prompt.characters[-1] if same else 0
    for _, contents in utterances[same:]:
        total += _characters(contents)
        prompt.characters.append(total)
    return writer


def _characters(contents: tuple[object, ...]) -> int:
    if len(contents) == 1:
        return len(contents[0]) if type(contents[0]) is str else 0
    return sum([len(part) for part in contents if type(part) is str])


def _key(
    messages: Sequence[M], kind: MessageAdapter[M], options: RenderOptions
) -> PromptKey | None:
    """Return the key of a conversation: its first messages, kept alive while it is cached."""
    marked = (id(message) for message in messages[:_FEW] if kind.mark(message) is not None)
    anchors = tuple(islice(marked, _ANCHORS))
    if not anchors:
        return None
    dialect, rules = options.dialect, options.rules
    rule = (dialect.channel_first, dialect.constrain, rules.extensions, rules.exponent_sign)
    return (*rule, *anchors)


def is_same(one: FlatMessage, other: FlatMessage) -> bool:
    """Return whether two messages print the same; settings that cannot be compared never do."""
    return one == other and all(type(part) in {str, LazySettings} for part in one[1])


def _mark(message: Message) -> Message | None:
    """Recognise text by the message itself, which never changes; what settings hold may."""
    content = message.content
    if len(content) == 1:
        return message if type(content[0]) is TextContent else None
    return message if all(type(part) is TextContent for part in content) else None


def _read(messages: Sequence[Message]) -> tuple[list[FlatMessage], list[object]]:
    return list(map(flat_message_of, messages)), list(map(_mark, messages))


def _count_same(known: Prompt, messages: Sequence[Message]) -> int:
    for place, (message, mark) in enumerate(zip(messages, known.marks, strict=False)):
        if message is mark:
            continue
        if mark is not None or not is_same(flat_message_of(message), known.utterances[place]):
            return place
    return min(len(messages), len(known.marks))


MESSAGES: MessageAdapter[Message] = MessageAdapter(_read, _mark, _count_same)
"""The handling of the model's own messages."""


def conversation_ids(
    conversation: Conversation, tokenizer: CachingEncoder, options: RenderOptions
) -> list[int]:
    """Return the token ids of a conversation; see `cached_ids`."""
    return cached_ids(conversation.messages, MESSAGES, tokenizer, options)
