"""Own what is remembered of whole conversations, so that the next turn costs what is new.

A conversation usually comes back with more behind it, as the very same message objects. The ids of
those at its front are then copied, not written again. Other libraries' messages can be remembered
as well: whoever knows them says how they are flattened and recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from harmonium.model import Conversation, Message
from harmonium.model.contents import TextContent
from harmonium.render.history import first_kept
from harmonium.render.ids import CachingEncoder, IdWriter, utterance_ids
from harmonium.render.options import RenderOptions
from harmonium.render.utterances import Prepared, Utterance, offers_functions, utterance_of
from harmonium.tokens.id_cache import PromptKey

M = TypeVar("M")

_FEW = 8
"""Shorter conversations are not worth remembering."""
_ANCHORS = 2
"""How many of the first messages tell one conversation from another."""
_BYTES_PER_ID = 36
_BYTES_PER_MESSAGE = 500
_BYTES_PER_CHARACTER = 4


class Prompt(NamedTuple):
    """A conversation as it was rendered.

    ``marks`` is what each message is recognised by; ``ends`` and ``characters`` count the ids and
    the text up to the end of each. The ids depend on the last two as well.
    """

    marks: list[object]
    utterances: list[Utterance]
    ends: list[int]
    characters: list[int]
    ids: list[int]
    boundary: int
    has_function_tools: bool

    @property
    def size(self) -> int:
        """Bytes: ids, texts, and what holds them."""
        of_text = _BYTES_PER_CHARACTER * self.characters[-1]
        return of_text + _BYTES_PER_ID * len(self.ids) + _BYTES_PER_MESSAGE * len(self.marks)


_NOTHING = Prompt([], [], [], [], [], 0, has_function_tools=False)


class Kind(NamedTuple, Generic[M]):
    """Say how one kind of messages is handled.

    ``flatten`` flattens messages. ``mark`` gives what a message is recognised by, None when only
    flattening it shows what it is. ``count_same`` tells how many messages at the front still are
    what they were in a prompt.
    """

    flatten: Callable[[Sequence[M]], list[Utterance]]
    mark: Callable[[M], object]
    count_same: Callable[[Prompt, Sequence[M]], int]


def remembered_ids(
    messages: Sequence[M], kind: Kind[M], tokenizer: CachingEncoder, options: RenderOptions
) -> list[int]:
    """Give the token ids of a conversation, quicker where its front was rendered before.

    Raises:
        HarmoniumError: as `utterance_ids`.

    """
    key = _key(messages, kind, options) if len(messages) >= _FEW else None
    if key is None:
        return utterance_ids(kind.flatten(messages), tokenizer, options)
    prompts = tokenizer.cache.prompts
    found = prompts.get(key)
    known = found if isinstance(found, Prompt) else _NOTHING
    same = kind.count_same(known, messages)
    utterances = known.utterances[:same] + kind.flatten(messages[same:])
    marks = known.marks[:same] + list(map(kind.mark, messages[same:]))
    writer, prompt = _write(known, same, utterances, marks, (tokenizer, options))
    prompts.put(key, prompt)
    writer.finish(utterances)
    return writer.ids


def _write(
    known: Prompt,
    same: int,
    utterances: list[Utterance],
    marks: list[object],
    means: tuple[CachingEncoder, RenderOptions],
) -> tuple[IdWriter, Prompt]:
    """Write a conversation whose front is known; give its prompt as well."""
    has_functions = offers_functions(utterances)
    boundary = first_kept([header for header, _ in utterances], means[1].history)
    if known.has_function_tools != has_functions:
        same = 0
    elif known.boundary != boundary:
        same = min(same, known.boundary, boundary)
    writer = IdWriter(*means, has_function_tools=has_functions)
    if same:
        writer.ids = known.ids[: known.ends[same - 1]]
        writer.ends = known.ends[:same]
    writer.write(utterances, boundary, same)
    characters = known.characters[:same]
    total = characters[-1] if same else 0
    for _, contents in utterances[same:]:
        total += sum([len(part) for part in contents if type(part) is str])
        characters.append(total)
    ids = writer.ids[:]
    return writer, Prompt(marks, utterances, writer.ends, characters, ids, boundary, has_functions)


def _key(messages: Sequence[M], kind: Kind[M], options: RenderOptions) -> PromptKey | None:
    """Tell conversations apart by their first messages, which stay alive while it is kept."""
    anchors = [id(message) for message in messages[:_FEW] if kind.mark(message) is not None]
    if not anchors:
        return None
    dialect, rules = options.dialect, options.rules
    rule = (dialect.channel_first, dialect.constrain, rules.extensions, rules.exponent_sign)
    return (*rule, *anchors[:_ANCHORS])


def is_same(one: Utterance, other: Utterance) -> bool:
    """Tell whether two messages print the same; settings that cannot be compared never do."""
    return one == other and all(type(part) in {str, Prepared} for part in one[1])


def _mark(message: Message) -> Message | None:
    """Recognise text by the message itself, which never changes; what settings hold may."""
    return message if all(type(part) is TextContent for part in message.content) else None


def _count_same(known: Prompt, messages: Sequence[Message]) -> int:
    for place, (message, mark) in enumerate(zip(messages, known.marks, strict=False)):
        if message is mark:
            continue
        if mark is not None or not is_same(utterance_of(message), known.utterances[place]):
            return place
    return min(len(messages), len(known.marks))


MESSAGES: Kind[Message] = Kind(
    lambda messages: list(map(utterance_of, messages)), _mark, _count_same
)
"""How the model's messages are handled."""


def conversation_ids(
    conversation: Conversation, tokenizer: CachingEncoder, options: RenderOptions
) -> list[int]:
    """Give the token ids of a conversation; see `remembered_ids`."""
    return remembered_ids(conversation.messages, MESSAGES, tokenizer, options)
