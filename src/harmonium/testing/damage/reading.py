"""The right reading of a damaged completion, derived from what it was meant to say.

Each piece still knows what it meant, so nothing here parses: the question is only how much of the
structure survives. Where a boundary or the end of a header can no longer be seen, every reading
that is equally right is accepted; two rules decide those cases. Doubtful text is hidden on
``analysis`` rather than shown, and no text is lost. Where too little survives to say what is right,
`Unreadable` is raised, and the generator makes another case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harmonium.testing.corpus import Recovered
from harmonium.testing.damage.message_reading import (
    CHANNEL,
    LOOKS_STRIPPED,
    Follows,
    Glued,
    Option,
    Unreadable,
    message_options,
    unique,
)
from harmonium.testing.damage.pieces import Piece, Turn

MOST_READINGS = 64
"""A completion with more readings than this has lost its meaning."""


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
    if any(turn.is_cut for turn in turns):
        raise Unreadable
    text = "".join(piece.text for turn in turns for piece in turn.pieces)
    reasons = any(it.meant.channel == "analysis" and not it.is_call for it in turns)
    shown = [] if reasons else ["final"]
    said = (turn for turn in turns if turn.kind == "said" and (turn.text or turn.is_call))
    meant = tuple(turn.meant for turn in said)
    return (meant, *(((Recovered(channel, None, text)),) for channel in ["analysis", *shown]))


def _fold(
    found: Iterable[tuple[Recovered, ...]], turns: Sequence[Turn], indices: Sequence[int]
) -> list[tuple[Recovered, ...]]:
    begun = list(found)
    for index in indices:
        options = _options(turns, index)
        continued = (_taken(reading, option) for reading in begun for option in options)
        begun = list(dict.fromkeys(continued))
        if len(begun) > MOST_READINGS:
            raise Unreadable
    return begun


def _taken(reading: tuple[Recovered, ...], option: Option) -> tuple[Recovered, ...]:
    for step in option:
        if isinstance(step, Recovered):
            reading = (*reading, step)
        elif reading:
            reading = (*reading[:-1], replace(reading[-1], text=reading[-1].text + step.text))
        elif step.text:
            raise Unreadable
    return reading


# ---- where one message ends and the next begins


def _options(turns: Sequence[Turn], index: int) -> list[Option]:
    """Return what a turn adds to the reading."""
    turn = turns[index]
    follows = _follows(turns, index)
    if turn.kind == "aside":
        return _aside(turns, index, follows)
    if turn.kind == "invented":
        return _invented(turn, is_closed=_is_closed(turns, index))
    if index == 0 or _is_closed(turns, index) or turn.has_token("<|start|>"):
        return message_options(turn, follows, is_first=index == 0)
    before = turns[index - 1]
    if LOOKS_STRIPPED.search(before.text):
        raise Unreadable
    return _unclosed(turn, follows, after_message=before.has_token("<|message|>"))


def _is_closed(turns: Sequence[Turn], index: int) -> bool:
    """Return whether a stop token stands before a turn, with nothing but asides between."""
    before = turns[index - 1]
    if before.kind == "aside":
        return index > 1 and _is_closed(turns, index - 1)
    return any(piece.is_token and piece.part == "stop" for piece in before.tail)


def _follows(turns: Sequence[Turn], index: int) -> Follows:
    """Return whether another message stands behind a turn."""
    found: Follows = "nothing"
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


def _unclosed(turn: Turn, follows: Follows, *, after_message: bool) -> list[Option]:
    """Return the readings of a message that no token separates from the one before."""
    head = list(turn.head)
    loose = ""
    while head and not head[0].is_token and head[0].part in {"noise", "spelt"}:
        loose += head.pop(0).text
    separate = message_options(turn, follows, is_first=False)
    header = "".join(piece.text for piece in head if not piece.is_token)
    merged: Option = (Glued(loose + header + turn.text),)
    first = head[0] if head else None
    if first is None:
        return [merged]
    if loose:
        separate += [(Glued(loose), *option) for option in separate]
    if first.is_token:
        return separate if first.text == CHANNEL else unique([*separate, merged])
    if first.part != "role" or first.garbled:
        keeps = [(Glued(loose + first.text), *option) for option in separate]
        # A channel token ends the message before in any case; a wrong role may be its last word.
        if turn.has_token(CHANNEL):
            return unique([*separate, *keeps]) if first.part == "role" else separate
        return unique([*separate, *keeps, merged])
    if _names_header(head[1:], after_message=after_message):
        return separate
    return unique([*separate, merged])


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


def _invented(turn: Turn, *, is_closed: bool) -> list[Option]:
    if turn.is_cut or not turn.has_token("<|message|>"):
        raise Unreadable
    if not (is_closed or turn.has_token("<|start|>")):
        raise Unreadable
    return [(turn.meant,)]


def _aside(turns: Sequence[Turn], index: int, follows: Follows) -> list[Option]:
    text = turns[index].text
    if not _is_closed(turns, index):
        return [(Glued(text),)] if text.strip() else [(), (Glued(text),)]
    following = turns[index + 1] if index + 1 < len(turns) else None
    if following is not None and not following.has_token("<|start|>"):
        if not (following.has_token("<|message|>") or following.has_token(CHANNEL)):
            raise Unreadable
        return unique([(), (Recovered("analysis", None, text),), (Glued(text),)])
    shown = ["final"] if follows == "nothing" else []
    return [(), *(((Recovered(channel, None, text)),) for channel in ["analysis", *shown])]
