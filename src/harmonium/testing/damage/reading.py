"""The right reading of a damaged completion, derived from what it was meant to say.

Each piece still knows what it meant, so nothing here parses: the question is only how much of the
structure survives. Where a boundary or the end of a header can no longer be seen, every reading
that is equally right is accepted; two rules decide those cases. Doubtful text is hidden on
``analysis`` rather than shown, and no text is lost. Where too little survives to say what is right,
`Unreadable` is raised, and the generator makes another case.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from harmonium.testing.corpus import Recovered
from harmonium.testing.damage.pieces import Piece, Turn

MOST_READINGS = 64
"""A completion with more readings than this has lost its meaning."""

_HEADER_WORD = re.compile(
    r"\W{0,2}(?:assistant|analys|comment|final|json|code|text\b|to\s?=|recipient\s?[=:])",
    re.IGNORECASE,
)
_LOOKS_STRIPPED = re.compile(
    r"(?:assistant|user)\s*(?:analysis|commentary|final|to=)|(?:assistant|user|system|tool)\s*\Z"
)
_FEW_LETTERS = 4
_CHANNEL = "<|channel|>"
_CHANNELS = frozenset({"analysis", "commentary", "final", "comm"})


class Unreadable(Exception):  # noqa: N818  (a state of a completion, not an error of the caller)
    """Too little of a completion survives to say what the right reading is."""


class _Glued(NamedTuple):
    """Text that belongs to the message before, because nothing shows where it ends."""

    text: str


_Step = Recovered | _Glued
_Option = tuple[_Step, ...]
_Follows = Literal["nothing", "doubt", "message"]


def readings(turns: Sequence[Turn]) -> tuple[tuple[Recovered, ...], ...]:
    """Return every accepted reading, the likeliest first.

    Raises:
        Unreadable: there is no telling what is right.

    """
    if not any(piece.is_token for turn in turns for piece in turn.pieces):
        spelt = any(piece.part == "spelt" for turn in turns for piece in turn.pieces)
        if spelt:
            return _all_spelt(turns)
    own = [index for index, turn in enumerate(turns) if turn.kind != "invented"]
    said = _fold([()], turns, own)
    rest = [index for index in range(len(turns)) if index not in own]
    # A parser may give the invented turns or leave them out: whoever shows the answer ignores them.
    return tuple(dict.fromkeys([*_fold(said, turns, rest), *said]) if rest else said)


def _all_spelt(turns: Sequence[Turn]) -> tuple[tuple[Recovered, ...], ...]:
    """Return the readings of an output without any token: text that spells markers is text.

    It may be read as what it spells. As plain text it is hidden, unless it spells no reasoning.
    """
    text = "".join(piece.text for turn in turns for piece in turn.pieces)
    shown = [] if any(turn.meant.channel == "analysis" for turn in turns) else ["final"]
    meant = tuple(turn.meant for turn in turns if turn.kind == "said")
    return (meant, *(((Recovered(channel, None, text)),) for channel in ["analysis", *shown]))


def _fold(
    found: Iterable[tuple[Recovered, ...]], turns: Sequence[Turn], indices: Sequence[int]
) -> list[tuple[Recovered, ...]]:
    readings = list(found)
    for index in indices:
        options = _options(turns, index)
        made = (_taken(reading, option) for reading in readings for option in options)
        readings = list(dict.fromkeys(made))
        if len(readings) > MOST_READINGS:
            raise Unreadable
    return readings


def _taken(reading: tuple[Recovered, ...], option: _Option) -> tuple[Recovered, ...]:
    for step in option:
        if isinstance(step, Recovered):
            reading = (*reading, step)
        elif reading:
            reading = (*reading[:-1], replace(reading[-1], text=reading[-1].text + step.text))
        elif step.text:
            raise Unreadable
    return reading


def _unique(options: Iterable[_Option]) -> list[_Option]:
    return list(dict.fromkeys(options))


# ---- where one message ends and the next begins


def _options(turns: Sequence[Turn], index: int) -> list[_Option]:
    """Return what a turn adds to the reading."""
    turn = turns[index]
    follows = _follows(turns, index)
    if turn.kind == "aside":
        return _aside(turns, index, follows)
    if turn.kind == "invented":
        return _invented(turn, is_closed=_is_closed(turns, index))
    if index == 0 or _is_closed(turns, index) or turn.has_token("<|start|>"):
        return _separate(turn, follows, is_first=index == 0)
    before = turns[index - 1]
    if _LOOKS_STRIPPED.search(before.text):
        raise Unreadable
    return _unclosed(turn, follows, after_message=before.has_token("<|message|>"))


def _is_closed(turns: Sequence[Turn], index: int) -> bool:
    """Return whether a stop token stands before a turn, with nothing but asides between."""
    before = turns[index - 1]
    if before.kind == "aside":
        return index > 1 and _is_closed(turns, index - 1)
    return any(piece.is_token and piece.part == "stop" for piece in before.tail)


def _follows(turns: Sequence[Turn], index: int) -> _Follows:
    """Return whether another message stands behind a turn."""
    found: _Follows = "nothing"
    for later in range(index + 1, len(turns)):
        turn = turns[later]
        if not turn.head and not _is_closed(turns, later):
            continue
        open_ended = not (_is_closed(turns, later) or turn.has_token("<|start|>"))
        hidden = open_ended and not any(piece.is_token for piece in turn.head)
        if turn.kind == "said" and turn.text and not hidden:
            return "message"
        found = "doubt"
    return found


def _unclosed(turn: Turn, follows: _Follows, *, after_message: bool) -> list[_Option]:
    """Return the readings of a message that no token separates from the one before."""
    head = list(turn.head)
    loose = ""
    while head and not head[0].is_token and head[0].part in {"noise", "spelt"}:
        loose += head.pop(0).text
    separate = _separate(turn, follows, is_first=False)
    header = "".join(piece.text for piece in head if not piece.is_token)
    merged: _Option = (_Glued(loose + header + turn.text),)
    first = head[0] if head else None
    if first is None:
        return [merged]
    if loose:
        separate += [(_Glued(loose), *option) for option in separate]
    if first.is_token:
        return separate if first.text == _CHANNEL else _unique([*separate, merged])
    if first.part != "role" or first.garbled:
        keeps = [(_Glued(loose + first.text), *option) for option in separate]
        # A channel token ends the message before in any case; a wrong role may be its last word.
        if turn.has_token(_CHANNEL):
            return _unique([*separate, *keeps]) if first.part == "role" else separate
        return _unique([*separate, *keeps, merged])
    if _names_header(head[1:], after_message=after_message):
        return separate
    return _unique([*separate, merged])


def _names_header(rest: Sequence[Piece], *, after_message: bool) -> bool:
    """Return whether what stands behind a role word shows that it opens a header."""
    if not rest:
        return False
    if rest[0].is_token:
        return True
    if any(piece.garbled for piece in rest) or rest[0].part not in {"channel", "recipient"}:
        return False
    # Content whose markers are in order may spell such words: there only a token decides.
    return not after_message or any(piece.is_token for piece in rest)


def _invented(turn: Turn, *, is_closed: bool) -> list[_Option]:
    if turn.is_cut or not turn.has_token("<|message|>"):
        raise Unreadable
    if not (is_closed or turn.has_token("<|start|>")):
        raise Unreadable
    return [(turn.meant,)]


def _aside(turns: Sequence[Turn], index: int, follows: _Follows) -> list[_Option]:
    text = turns[index].text
    if not _is_closed(turns, index):
        return [(_Glued(text),)]
    following = turns[index + 1] if index + 1 < len(turns) else None
    if following is not None and not following.has_token("<|start|>"):
        if not (following.has_token("<|message|>") or following.has_token(_CHANNEL)):
            raise Unreadable
        return _unique([(), (Recovered("analysis", None, text),), (_Glued(text),)])
    shown = ["final"] if follows == "nothing" else []
    return [(), *(((Recovered(channel, None, text)),) for channel in ["analysis", *shown])]


# ---- one message whose beginning is known


def _separate(turn: Turn, follows: _Follows, *, is_first: bool) -> list[_Option]:
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
    return _unique([*found, *_split(turn, found, follows)]) if split else _unique(found)


def _is_confused(turn: Turn) -> bool:
    """Return whether words that a token kept apart have run into the header's own words."""
    for before, piece in itertools.pairwise(turn.head):
        is_stray = piece.part == "noise" and piece.text.strip() in _CHANNELS
        is_unknown = (
            piece.part == "channel" and len(piece.means) > 1 and not turn.has_token(_CHANNEL)
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
    return list(dict.fromkeys([None, turn.meant.channel]))


def _recipient(turn: Turn) -> str | None:
    recipient = turn.find("recipient")
    return None if recipient is None else recipient.means[0]


def _recovered(
    channels: Iterable[str | None], recipient: str | None, texts: Sequence[str]
) -> list[_Option]:
    return [(Recovered(it, recipient, text),) for it in channels for text in texts]


def _delimited(turn: Turn) -> list[_Option]:
    """Return the readings of a message whose message token is there."""
    found = _recovered(_channels(turn), _recipient(turn), _texts(turn))
    return [*found, ()] if not turn.text else found


def _without_content(turn: Turn) -> list[_Option]:
    """Return the readings of a header alone: a call if the call token says so."""
    call = _recovered(_channels(turn), _recipient(turn), [""])
    stop = turn.tail[0].text if turn.tail else ""
    if _recipient(turn) is None:
        return [(), *call]
    is_sound = not any(piece.garbled for piece in turn.head)
    return call if stop == "<|call|>" and is_sound else [*call, ()]


def _undelimited(turn: Turn, follows: _Follows) -> list[_Option]:
    """Return the readings of content that follows header words without a message token."""
    found = _recovered(_channels(turn), _recipient(turn), _texts(turn))
    is_object = turn.text.lstrip()[:1] in {"{", "["}
    if _recipient(turn) is not None and is_object:
        return [*found, *_doubts_on_object(turn)]
    if _HEADER_WORD.match(turn.text) or _LOOKS_STRIPPED.search(turn.text):
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


def _doubts_on_object(turn: Turn) -> list[_Option]:
    """Return the readings of a call without message token, besides the call itself."""
    found: list[_Option] = []
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


def _unheaded(turn: Turn, follows: _Follows) -> list[_Option]:
    """Return the readings of text without a header: the answer if it ends the completion."""
    words = [piece.text for piece in turn.head if not piece.is_token]
    if not words and (_HEADER_WORD.match(turn.text) or _LOOKS_STRIPPED.search(turn.text)):
        raise Unreadable
    texts = _texts(turn)
    if words:
        texts = list(dict.fromkeys([*texts, *_with_suffixes(turn), "".join(words) + turn.text]))
    given = {"nothing": ["final"], "doubt": ["final", "analysis"], "message": ["analysis"]}
    # The call token says that it is a call, though not to whom: to hide it is as right.
    called = any(piece.text == "<|call|>" for piece in turn.tail)
    return _recovered([*given[follows], *(["analysis"] if called else [])], None, texts)


def _cut_in_header(turn: Turn, *, is_first: bool) -> list[_Option]:
    """Return the readings of a header that the stream cuts off: nothing if it looks like one."""
    words = "".join(piece.text for piece in turn.head if not piece.is_token)
    tokens = any(piece.is_token for piece in turn.head)
    if not words or (tokens and (turn.find("channel_token") or not is_first)):
        return [()]
    shown = _recovered(["analysis", "final"], None, [words])
    return [(), *shown] if is_first or not tokens else [()]


def _split(turn: Turn, found: Sequence[_Option], follows: _Follows) -> list[_Option]:
    """Return the readings in which a token inside content ends the message there."""
    at = next(index for index, piece in enumerate(turn.body) if piece.part == "split")
    first = "".join(piece.text for piece in turn.body[:at] if piece.part == "content")
    second = "".join(piece.text for piece in turn.body[at:] if piece.part == "content")
    if _HEADER_WORD.match(second):
        raise Unreadable
    options: list[_Option] = []
    for option in found:
        if len(option) == 1 and isinstance(option[0], Recovered):
            head = replace(option[0], text=first)
            rest = ["analysis", head.channel, *(["final"] if follows != "message" else [])]
            for text in dict.fromkeys([second, second.lstrip()]):
                options += [(head, Recovered(channel, None, text)) for channel in rest]
            options += [(head,)] if sum(map(str.isalpha, second)) < _FEW_LETTERS else []
    return options
