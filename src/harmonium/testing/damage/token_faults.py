"""Faults of the special tokens: doubled, spelt as text, wrong, misplaced, unknown.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

from dataclasses import replace

from harmonium.testing.damage.faults import fault
from harmonium.testing.damage.pieces import STOPS, Draft, Piece, Turn, token

RESERVED = ("<|reserved_200013|>", "<|reserved_200000|>", "<|startoftext|>", "<|reserved_201000|>")
BEYOND = (201_089, 250_000, 2**31)


@fault()
def marker_spelt(draft: Draft) -> bool:
    """One marker is written as text."""
    turn = draft.pick(lambda it: any(piece.is_token for piece in it.head))
    if turn is None:
        return False
    places = [index for index, piece in enumerate(turn.head) if piece.is_token]
    index = draft.random.choice(places)
    turn.head[index] = _spelt(turn.head[index])
    return True


@fault()
def token_behind_word(draft: Draft) -> bool:
    """The channel's token stands behind its word."""
    turn = draft.pick(lambda it: it.find("channel_token") and it.find("channel"))
    if turn is None:
        return False
    turn.remove("channel_token")
    return turn.put(token("channel_token", "channel"), after="channel")


@fault()
def header_doubled(draft: Draft) -> bool:
    """A whole header is there twice."""
    turn = draft.pick(lambda it: it.find("message") and not it.is_call)
    if turn is None:
        return False
    again = Turn(replace(turn.meant, text=""), [*turn.head], [], [])
    draft.turns.insert(draft.turns.index(turn), again)
    return True


@fault()
def prompt_repeated(draft: Draft) -> bool:
    """The completion begins with what the prompt ends with, or with a part of it."""
    first = draft.turns[0]
    if first.find("start") or first.find("role"):
        return False
    opened = [token("start", "start"), Piece("role", "assistant")]
    first.head[:0] = opened[draft.random.randrange(2) :]
    return True


@fault()
def stop_spelt(draft: Draft) -> bool:
    """A stop token is written as text."""
    turn = draft.pick(lambda it: any(piece.is_token for piece in it.tail))
    if turn is None:
        return False
    turn.tail[:] = [_spelt(piece) for piece in turn.tail]
    return True


@fault()
def markers_spelt(draft: Draft) -> bool:
    """Every marker is written as text."""
    for turn in draft.turns:
        turn.head[:] = [_spelt(piece) for piece in turn.head]
        turn.tail[:] = [_spelt(piece) for piece in turn.tail]
    return True


def _spelt(piece: Piece) -> Piece:
    if not piece.is_token or piece.id is not None:
        return piece
    return Piece("spelt", piece.text, garbled=True)


@fault("the corpus: dup_start")
def token_doubled(draft: Draft) -> bool:
    """A token of a header is there twice."""
    turn = draft.pick(lambda it: any(piece.is_token for piece in it.head))
    if turn is None:
        return False
    places = [index for index, piece in enumerate(turn.head) if piece.is_token]
    index = draft.random.choice(places)
    turn.head.insert(index, turn.head[index])
    return True


@fault("the corpus: stop_after_end")
def stop_doubled(draft: Draft) -> bool:
    """A stop token is there twice."""
    turn = draft.pick(lambda it: it.tail)
    if turn is None:
        return False
    turn.tail.append(turn.tail[-1])
    return True


@fault("the corpus: stop_after_end")
def stop_after_stop(draft: Draft) -> bool:
    """Another stop token follows the first."""
    turn = draft.pick(lambda it: it.tail)
    if turn is None:
        return False
    turn.tail.append(Piece("stop", draft.random.choice(STOPS), is_token=True))
    return True


@fault()
def stop_wrong(draft: Draft) -> bool:
    """A message ends in a stop token of another kind."""
    turn = draft.pick(lambda it: it.tail and it.tail[0].is_token)
    if turn is None:
        return False
    answers = turn.meant.channel == "final"  # which may end in either of the other two
    others = [it for it in STOPS if it != turn.tail[0].text and (it == "<|call|>" or not answers)]
    if not others:
        return False
    turn.tail[0] = Piece("stop", draft.random.choice(others), is_token=True)
    return True


@fault()
def stop_of_document(draft: Draft) -> bool:
    """The answer ends in the token of a document's end."""
    last = draft.turns[-1]
    if not last.tail:
        return False
    last.tail[:] = [token("noise", "endoftext")]
    return True


@fault("the corpus: dup_start")
def header_restarted(draft: Draft) -> bool:
    """A header begins, breaks off and begins again."""
    return _break_off(draft, ())


@fault("the corpus: stop_in_header")
def header_stopped(draft: Draft) -> bool:
    """A stop token ends a header, which begins again behind it."""
    return _break_off(draft, (Piece("noise", "<|end|>", is_token=True),))


def _is_whole(turn: Turn) -> bool:
    """Return whether a header has its tokens, and the assistant's role where one must stand."""
    opened = turn.head and (turn.head[0].part != "start" or turn.head[1].part == "role")
    return bool(opened and turn.find("channel_token") and turn.find("message"))


def _break_off(draft: Draft, stop: tuple[Piece, ...]) -> bool:
    turn = draft.pick(_is_whole)
    if turn is None:
        return False
    begun = [token("noise", "channel")]
    if draft.random.random() < 0.7:  # noqa: PLR2004
        begun.append(Piece("noise", draft.random.choice(("comm", "analysis", "commentary"))))
    if turn.head[0].part == "start":
        begun = [*turn.head[:2], *begun]
    opened = [token("start", "start"), Piece("role", "assistant")]
    rest = [piece for piece in turn.head if piece.part not in {"start", "role"}]
    turn.head[:] = [*begun, *stop, *opened, *rest]
    return True


@fault()
def reserved_in_content(draft: Draft) -> bool:
    """A reserved token stands inside content."""
    name = draft.random.choice(RESERVED)
    return _into_content(draft, Piece("noise", name, is_token=True))


@fault()
def unknown_in_content(draft: Draft) -> bool:
    """An id beyond the vocabulary stands inside content."""
    return _into_content(draft, _beyond(draft))


@fault()
def marker_in_content(draft: Draft) -> bool:
    """A message or constrain token stands inside content."""
    return _into_content(draft, token("noise", draft.random.choice(("message", "constrain"))))


@fault()
def header_token_in_content(draft: Draft) -> bool:
    """A start or channel token stands inside content."""
    return _into_content(draft, token("split", draft.random.choice(("start", "channel"))))


def _beyond(draft: Draft) -> Piece:
    return Piece("noise", "", is_token=True, id=draft.random.choice(BEYOND))


def _into_content(draft: Draft, piece: Piece) -> bool:
    turn = draft.pick(lambda it: it.body and len(it.body[-1].text) > 1 and it.find("message"))
    if turn is None:
        return False
    last = turn.body.pop()
    at = draft.random.randrange(1, len(last.text))
    turn.body += [last._replace(text=last.text[:at]), piece, last._replace(text=last.text[at:])]
    return True


@fault()
def unknown_in_header(draft: Draft) -> bool:
    """A reserved or unknown id stands inside a header."""
    turn = draft.pick(lambda it: it.head)
    if turn is None:
        return False
    noise = token("noise", "x")._replace(text=draft.random.choice(RESERVED))
    at = draft.random.randrange(len(turn.head) + 1)
    turn.head.insert(at, draft.random.choice((noise, _beyond(draft))))
    return True
