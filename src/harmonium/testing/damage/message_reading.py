"""The right readings of one damaged message whose beginning is known; see reading.

Does not know where messages begin and end.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from harmonium.testing.corpus import Recovered
from harmonium.testing.damage.pieces import Turn

_HEADER_WORD = re.compile(
    r"\W{0,2}(?:assistant|analys|comment|final|json|code|text\b|to\s?=|recipient\s?[=:])",
    re.IGNORECASE,
)
LOOKS_STRIPPED = re.compile(
    r"(?:assistant|user)\s*(?:analysis|commentary|final|to=)|(?:assistant|user|system|tool)\s*\Z"
)
"""Text that cannot be told from header words whose tokens are gone."""

_FEW_LETTERS = 4
CHANNEL = "<|channel|>"
_CHANNELS = frozenset({"analysis", "commentary", "final", "comm"})


class Unreadable(Exception):  # noqa: N818  (a state of a completion, not an error of the caller)
    """Too little of a completion survives to say what the right reading is."""


class Glued(NamedTuple):
    """Text that belongs to the message before, because nothing shows where it ends."""

    text: str


Option = tuple[Recovered | Glued, ...]
"""What a message adds to a reading."""

Follows = Literal["nothing", "doubt", "message"]
"""Whether another message stands behind it."""


def unique(options: Iterable[Option]) -> list[Option]:
    """Return the options without repeats, in order."""
    return list(dict.fromkeys(options))


def message_options(turn: Turn, follows: Follows, *, is_first: bool) -> list[Option]:
    """Return the readings of a message that begins where it begins."""
    if _reads_as_tool(turn) or _is_confused(turn):
        raise Unreadable
    if turn.is_cut and not turn.body and not turn.has_token("<|message|>"):
        return _cut_in_header(turn, is_first=is_first)
    if turn.has_token("<|message|>"):
        found = _delimited(turn)
    elif not turn.text:
        found = _without_content(turn)
    elif any(piece.part in {"channel", "recipient"} for piece in turn.head):
        found = _undelimited(turn, follows)
    else:
        found = _unheaded(turn, follows)
    split = [piece for piece in turn.body if piece.part == "split"]
    return unique([*found, *_split(turn, found, follows)]) if split else unique(found)


def _is_confused(turn: Turn) -> bool:
    """Return whether words that a token kept apart have run into the header's own words."""
    for before, piece in itertools.pairwise(turn.head):
        is_stray = piece.part == "noise" and piece.text.strip() in _CHANNELS
        is_unknown = (
            piece.part == "channel" and len(piece.means) > 1 and not turn.has_token(CHANNEL)
        )
        if (is_stray or is_unknown) and not before.is_token:
            return True
    return False


def _reads_as_tool(turn: Turn) -> bool:
    """Return whether damage made a header that the format reads as a tool's own message."""
    words = [piece for piece in turn.head if not piece.is_token]
    if not words or turn.head[0].text != "<|start|>":
        return False
    first = words[0].text.strip()
    answers = any(piece.text == " to=assistant" for piece in words)
    by_tool = words[0].part == "recipient" and "=" not in first
    return (by_tool and (answers or first.startswith("functions."))) or (
        answers and words[0].part == "role" and words[0].garbled
    )


def _texts(turn: Turn) -> list[str]:
    """Return what the content may be, with half a character or a spelt stop at its end or not."""
    text = turn.text
    found = [text, text + "\ufffd"] if turn.has_half_character else [text]
    if turn.has_margin:
        found = list(dict.fromkeys([text.strip(), text, text.lstrip(), text.rstrip()]))
    spelt = "".join(piece.text for piece in turn.tail if piece.part == "spelt")
    return [*found, text + spelt] if spelt else found


def _channels(turn: Turn) -> list[str | None]:
    channel = turn.find("channel")
    if channel is not None:
        # A word of no meaning is a channel where the channel's token says so, and only there.
        unmarked = len(channel.means) > 1 and turn.find("channel_token") is None
        return list(dict.fromkeys([*channel.means, *([None] if unmarked else [])]))
    if turn.find("recipient") is not None:
        return list(dict.fromkeys([None, "commentary", turn.meant.channel]))
    # Of a channel without a name nothing is left but that there was one.
    unnamed = ["commentary"] if turn.find("channel_token") else []
    return list(dict.fromkeys([None, turn.meant.channel, *unnamed]))


def _recipient(turn: Turn) -> str | None:
    recipient = turn.find("recipient")
    return None if recipient is None else recipient.means[0]


def _recovered(
    channels: Iterable[str | None], recipient: str | None, texts: Sequence[str]
) -> list[Option]:
    return [(Recovered(it, recipient, text),) for it in channels for text in texts]


def _delimited(turn: Turn) -> list[Option]:
    """Return the readings of a message whose message token is there."""
    found = _recovered(_channels(turn), _recipient(turn), _texts(turn))
    return [*found, ()] if not turn.text else found


def _without_content(turn: Turn) -> list[Option]:
    """Return the readings of a header alone: a call if the call token says so."""
    call = _recovered(_channels(turn), _recipient(turn), [""])
    stop = turn.tail[0].text if turn.tail else ""
    if _recipient(turn) is None:
        return [(), *call]
    is_sound = not any(piece.garbled for piece in turn.head)
    return call if stop == "<|call|>" and is_sound else [*call, ()]


def _undelimited(turn: Turn, follows: Follows) -> list[Option]:
    """Return the readings of content that follows header words without a message token."""
    found = _recovered(_channels(turn), _recipient(turn), _texts(turn))
    is_object = turn.text.lstrip()[:1] in {"{", "["}
    if _recipient(turn) is not None and is_object:
        return [*found, *_doubts_on_object(turn)]
    if _HEADER_WORD.match(turn.text) or LOOKS_STRIPPED.search(turn.text):
        raise Unreadable
    garbled = any(piece.garbled for piece in turn.head)
    called = any(piece.text == "<|call|>" for piece in turn.tail) and not garbled
    hidden = ["analysis", *_channels(turn)]
    if _recipient(turn) is not None and not called:
        # Prose is never executed: without arguments or a call token it need not be a call.
        found += [*_recovered(hidden, None, _with_suffixes(turn)), ()]
    if garbled:
        found += _recovered(hidden, None, _with_suffixes(turn))
    elif not _is_clear(turn):
        found += _recovered(hidden, _recipient(turn), _with_suffixes(turn))
    if garbled and follows != "message" and "analysis" not in _channels(turn):
        found += _recovered(["final"], None, _with_suffixes(turn))
    is_short = turn.is_cut and len(turn.text.strip()) < _FEW_LETTERS
    return [*found, ()] if is_short or (turn.head[-1].is_token and not is_object) else found


def _doubts_on_object(turn: Turn) -> list[Option]:
    """Return the readings of a call without message token, besides the call itself."""
    found: list[Option] = []
    if any(piece.part == "spelt" for piece in turn.head):
        found += _recovered(_channels(turn), _recipient(turn), _with_suffixes(turn))
    recipient = turn.find("recipient")
    unmarked = not any(piece.is_token or piece.part == "channel" for piece in turn.head)
    if recipient is not None and recipient.garbled and unmarked:
        # A tool's name and a value, and nothing more: an answer may look like this as well.
        found += _recovered(["analysis", "final"], None, _with_suffixes(turn))
    return found


def _is_clear(turn: Turn) -> bool:
    """Return whether content without a message token can be told from the word before it."""
    last, first = turn.head[-1], turn.text[0]
    if last.is_token or last.text[-1:].isspace():
        return True
    if last.part == "recipient":
        return first in '{["'
    return not (first.islower() or first == "_")


def _with_suffixes(turn: Turn) -> list[str]:
    """Return the content with none, some and all of the header's words before it."""
    parts = [piece.text for piece in turn.head if not piece.is_token and piece.part != "role"]
    made = ["".join(parts[start:]) + turn.text for start in range(len(parts), -1, -1)]
    made += [text.lstrip() for text in made if text != turn.text]
    return [text for text in dict.fromkeys(made) if text]


def _unheaded(turn: Turn, follows: Follows) -> list[Option]:
    """Return the readings of text without a header: the answer if it ends the completion."""
    words = [piece.text for piece in turn.head if not piece.is_token]
    if not words and (_HEADER_WORD.match(turn.text) or LOOKS_STRIPPED.search(turn.text)):
        raise Unreadable
    texts = _texts(turn)
    if words:
        texts = list(dict.fromkeys([*texts, *_with_suffixes(turn), "".join(words) + turn.text]))
    given = {"nothing": ["final"], "doubt": ["final", "analysis"], "message": ["analysis"]}
    # The call token says that it is a call, though not to whom: to hide it is as right.
    called = any(piece.text == "<|call|>" for piece in turn.tail)
    return _recovered([*given[follows], *(["analysis"] if called else [])], None, texts)


def _cut_in_header(turn: Turn, *, is_first: bool) -> list[Option]:
    """Return the readings of a header that the stream cuts off: nothing if it looks like one."""
    words = "".join(piece.text for piece in turn.head if not piece.is_token)
    tokens = any(piece.is_token for piece in turn.head)
    if not words or (tokens and (turn.find("channel_token") or not is_first)):
        return [()]
    shown = _recovered(["analysis", "final"], None, [words])
    return [(), *shown] if is_first or not tokens else [()]


def _split(turn: Turn, found: Sequence[Option], follows: Follows) -> list[Option]:
    """Return the readings in which a token inside content ends the message there."""
    at = next(index for index, piece in enumerate(turn.body) if piece.part == "split")
    first = "".join(piece.text for piece in turn.body[:at] if piece.part == "content")
    second = "".join(piece.text for piece in turn.body[at:] if piece.part == "content")
    if _HEADER_WORD.match(second):
        raise Unreadable
    options: list[Option] = []
    for option in found:
        if len(option) == 1 and isinstance(option[0], Recovered):
            head = replace(option[0], text=first)
            rest = ["analysis", head.channel, *(["final"] if follows != "message" else [])]
            for text in dict.fromkeys([second, second.lstrip()]):
                options += [(head, Recovered(channel, None, text)) for channel in rest]
            options += [(head,)] if sum(map(str.isalpha, second)) < _FEW_LETTERS else []
    return options
