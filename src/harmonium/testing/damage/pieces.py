"""A completion cut into pieces that remember what they were meant to say.

A fault edits the pieces; what each of them meant stays attached, so that the right reading can be
derived from what survives. Does not know any fault, and does not parse Harmony.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from harmonium.encoding import Encoding
from harmonium.model import Conversation, Message
from harmonium.render import Special
from harmonium.testing.corpus import Recovered

Part = Literal[
    "start",
    "role",
    "recipient",
    "channel_token",
    "channel",
    "constrain",
    "type",
    "message",
    "content",
    "stop",
    "noise",
    "split",
    "spelt",
]
TurnKind = Literal["said", "invented", "aside"]

STOPS = ("<|end|>", "<|call|>", "<|return|>")


class Piece(NamedTuple):
    """A special token, or words.

    Args:
        part: the place it has in a message. ``noise`` belongs to none, ``spelt`` is a marker
            written as text, ``split`` a token inside content that may end the message.
        text: the words, or the token by its name.
        is_token: whether it is one special token rather than words.
        means: what a channel or a recipient was meant to say; several where it is in doubt.
        garbled: whether the words are not spelt as the format spells them.
        id: the token's id where it has no name.

    """

    part: Part
    text: str
    is_token: bool = False
    means: tuple[str, ...] = ()
    garbled: bool = False
    id: int | None = None


@dataclass(slots=True)
class Turn:
    """One message in pieces: header with its message token, content, stop tokens.

    Args:
        meant: what the message said before any damage.
        kind: ``said`` by the completion, ``invented`` behind its end, or text ``aside``,
            between two messages.
        role: who speaks.
        is_cut: whether the stream ends inside this message.
        has_half_character: whether it ends inside a character.
        has_margin: whether white space around the content stands for tokens that are gone.

    """

    meant: Recovered
    head: list[Piece]
    body: list[Piece]
    tail: list[Piece]
    kind: TurnKind = "said"
    role: str = "assistant"
    is_cut: bool = False
    has_half_character: bool = False
    has_margin: bool = False

    @property
    def pieces(self) -> list[Piece]:
        """All pieces in the order in which they stand."""
        return [*self.head, *self.body, *self.tail]

    @property
    def text(self) -> str:
        """The content that is left, without the tokens that stand inside it."""
        return "".join(piece.text for piece in self.body if piece.part == "content")

    @property
    def is_call(self) -> bool:
        """Whether the assistant addresses a tool."""
        return self.meant.recipient is not None and self.role == "assistant"

    def find(self, part: Part) -> Piece | None:
        """Return the last piece of the header with this part."""
        return next((piece for piece in reversed(self.head) if piece.part == part), None)

    def has_token(self, name: str) -> bool:
        """Return whether a special token of this name stands in the header."""
        return any(piece.is_token and piece.text == name for piece in self.head)

    def remove(self, *parts: Part) -> bool:
        """Remove all pieces of these parts from the header; return whether there were any."""
        kept = [piece for piece in self.head if piece.part not in parts]
        found = len(kept) < len(self.head)
        self.head[:] = kept
        return found

    def put(self, piece: Piece, *, before: Part | None = None, after: Part | None = None) -> bool:
        """Insert a piece beside the first of a part; return whether there is such a part."""
        wanted = before or after
        for index, other in enumerate(self.head):
            if other.part == wanted:
                self.head.insert(index + (before is None), piece)
                return True
        return False

    def swap(self, part: Part, change: Callable[[Piece], Piece]) -> bool:
        """Change the last piece of a part; return whether that made a difference."""
        for index in reversed(range(len(self.head))):
            if self.head[index].part == part:
                old = self.head[index]
                self.head[index] = change(old)
                return self.head[index] != old
        return False


@dataclass(slots=True)
class Draft:
    """A completion under damage.

    Args:
        turns: its messages.
        tools: the declared tools.
        random: where faults draw from.
        is_joined: whether neighbouring words are encoded together, as after a server's decoding,
            or each piece on its own, as a model samples them.
        cut: the fraction of its tokens that is left; 1 for all of them.
        meant: what it said before any damage.
        faults: the codes of the damage done so far.

    """

    turns: list[Turn]
    tools: tuple[str, ...]
    random: random.Random
    is_joined: bool = False
    cut: float = 1.0
    meant: tuple[Recovered, ...] = ()
    faults: list[str] = field(default_factory=list)

    def pick(self, wanted: Callable[[Turn], object], *, first: int = 0) -> Turn | None:
        """Return one of the completion's own turns that `wanted` accepts, from index `first` on."""
        fitting = [turn for turn in self.turns[first:] if turn.kind == "said" and wanted(turn)]
        return self.random.choice(fitting) if fitting else None


def token(part: Part, name: str) -> Piece:
    """Return the piece of a special token."""
    return Piece(part, f"<|{name}|>", is_token=True)


def turns_of(
    said: Sequence[Message], encoding: Encoding, *, profile: str, training: bool
) -> list[Turn]:
    """Return the turns of a completion as the renderer prints it.

    Args:
        said: the assistant's messages; the first lacks the start token and the role, which stand
            at the end of the prompt.
        encoding: what renders them.
        profile: the order of the header's words.
        training: whether a final message ends in the return token.

    """
    segments = encoding.render_segments(
        Conversation(tuple(said)), profile=profile, history="keep", training=training
    )
    groups = itertools.groupby(segments, key=lambda segment: segment.origin.message)
    turns = []
    for (_, group), message in zip(groups, said, strict=True):
        pieces = [_piece(segment, message) for segment in group]
        head = [piece for piece in pieces if piece.part not in {"content", "stop"}]
        turns.append(
            Turn(
                Recovered.of(message),
                head,
                [piece for piece in pieces if piece.part == "content"],
                [piece for piece in pieces if piece.part == "stop"],
            )
        )
    turns[0].remove("start", "role")
    return turns


_TOKEN_PARTS: dict[str, Part] = {
    "start": "start",
    "channel": "channel_token",
    "constrain": "constrain",
    "message": "message",
    "end": "stop",
    "call": "stop",
    "return_": "stop",
}
_TEXT_PARTS: dict[str, Part] = {
    "role": "role",
    "recipient": "recipient",
    "channel": "channel",
    "content_type": "type",
    "content": "content",
}


def _piece(segment: object, message: Message) -> Piece:
    if isinstance(segment, Special):
        return Piece(_TOKEN_PARTS[segment.name], segment.text, is_token=True)
    text, part = segment.text, _TEXT_PARTS[segment.origin.field]  # type: ignore[attr-defined]
    if part == "channel":
        return Piece(part, text, means=(text,))
    if part == "recipient":
        return Piece(part, text, means=(str(message.recipient),))
    return Piece(part, text)


class Run(NamedTuple):
    """Pieces that are encoded together, each with the index of its turn, and their ids."""

    pieces: tuple[tuple[int, Piece], ...]
    ids: tuple[int, ...]


def runs_of(turns: Sequence[Turn], encoding: Encoding, *, joined: bool) -> list[Run]:
    """Return the pieces of a completion with their token ids."""
    placed = [(index, piece) for index, turn in enumerate(turns) for piece in turn.pieces]
    keys = itertools.count()

    def key(item: tuple[int, Piece]) -> int:
        return -1 if joined and not item[1].is_token else next(keys)

    return [_run(tuple(group), encoding) for _, group in itertools.groupby(placed, key)]


def _run(pieces: tuple[tuple[int, Piece], ...], encoding: Encoding) -> Run:
    first = pieces[0][1]
    if first.is_token:
        known = encoding.special_tokens.get(first.text)
        return Run(pieces, (known if first.id is None and known is not None else first.id or 0,))
    return Run(pieces, tuple(encoding.encode_ordinary("".join(it.text for _, it in pieces))))


def ids_of(runs: Iterable[Run]) -> tuple[int, ...]:
    """Return the token ids of runs in order."""
    return tuple(id_ for run in runs for id_ in run.ids)


def cut_turns(
    turns: Sequence[Turn], runs: Sequence[Run], length: int, encoding: Encoding
) -> list[Turn]:
    """Return the turns that are left of the first `length` token ids."""
    kept: list[Turn] = [replace(turn, head=[], body=[], tail=[], is_cut=True) for turn in turns]
    whole = set()
    last = 0
    for run in runs:
        if length <= 0:
            break
        left, half = _left_of(run, length, encoding)
        for index, piece in left:
            _place(kept[index], turns[index], piece)
            last = index
        kept[last].has_half_character = half
        length -= len(run.ids)
    for index, turn in enumerate(turns):
        if kept[index].pieces == turn.pieces and (index < last or turn.tail):
            whole.add(index)
    for index in whole:
        kept[index].is_cut = False
    return kept[: last + 1]


def _left_of(run: Run, length: int, encoding: Encoding) -> tuple[list[tuple[int, Piece]], bool]:
    if length >= len(run.ids):
        return list(run.pieces), False
    data = encoding.decode_bytes(run.ids[:length])
    text = data.decode("utf-8", errors="ignore")
    half = len(text.encode("utf-8")) < len(data)
    left: list[tuple[int, Piece]] = []
    for index, piece in run.pieces:
        part, text = text[: len(piece.text)], text[len(piece.text) :]
        if part:
            left.append((index, piece._replace(text=part, garbled=part != piece.text)))
    return left, half


def _place(turn: Turn, whole: Turn, piece: Piece) -> None:
    for zone, source in (
        (turn.head, whole.head),
        (turn.body, whole.body),
        (turn.tail, whole.tail),
    ):
        if len(zone) < len(source):
            zone.append(piece)
            return
