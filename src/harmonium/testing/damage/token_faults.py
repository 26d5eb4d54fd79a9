"""Faults of the special tokens: missing, doubled, spelt as text, wrong, unknown.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

from harmonium.testing.damage.faults import fault
from harmonium.testing.damage.pieces import STOPS, Draft, Part, Piece, Turn, token

MARKERS: tuple[Part, ...] = ("start", "channel_token", "constrain", "message")
RESERVED = ("<|reserved_200013|>", "<|reserved_200000|>", "<|startoftext|>", "<|reserved_201000|>")
BEYOND = (201_089, 250_000, 2**31)


def _remove(draft: Draft, *parts: Part, first: int = 0) -> bool:
    """Remove these parts of one header that has all of them."""
    turn = draft.pick(lambda it: all(it.find(part) for part in parts), first=first)
    return turn is not None and turn.remove(*parts)


def _remove_stop(draft: Draft, *parts: Part) -> bool:
    """Remove the stop of one message and these parts of the header behind it."""
    fitting = [
        index
        for index in range(1, len(draft.turns))
        if draft.turns[index].kind == "said" == draft.turns[index - 1].kind
        if draft.turns[index - 1].tail and all(draft.turns[index].find(part) for part in parts)
    ]
    if not fitting:
        return False
    index = draft.random.choice(fitting)
    draft.turns[index - 1].tail.clear()
    draft.turns[index].remove(*parts)
    return True


@fault("openai/harmony#68")
def start_missing(draft: Draft) -> bool:
    """A later message has no start token."""
    return _remove(draft, "start", first=1)


@fault("openai/harmony#68")
def start_and_role_missing(draft: Draft) -> bool:
    """A later message has neither start token nor role."""
    return _remove(draft, "start", "role", first=1)


@fault()
def role_missing(draft: Draft) -> bool:
    """The start token is followed by no role."""
    return _remove(draft, "role", first=1)


@fault("the corpus: channel_in_role_slot")
def channel_token_missing(draft: Draft) -> bool:
    """The channel's name stands without its token."""
    return _remove(draft, "channel_token")


@fault()
def channel_name_missing(draft: Draft) -> bool:
    """The channel token stands without a name."""
    return _remove(draft, "channel")


@fault()
def channel_missing(draft: Draft) -> bool:
    """A header names no channel at all."""
    return _remove(draft, "channel_token", "channel")


@fault("vllm-project/vllm#45736")
def message_missing(draft: Draft) -> bool:
    """Content follows its header without a message token."""
    return _remove(draft, "message")


@fault()
def constrain_missing(draft: Draft) -> bool:
    """Content type without its token."""
    return _remove(draft, "constrain")


@fault()
def type_missing(draft: Draft) -> bool:
    """A constrain token without a content type."""
    turn = draft.pick(lambda it: it.find("constrain"))
    if turn is None:
        return False
    return turn.remove("type")


@fault("vllm-project/vllm#47062")
def call_ends_in_header(draft: Draft) -> bool:
    """A call ends in its header, without arguments."""
    turn = draft.pick(lambda it: it.is_call and it.find("message") and it.tail)
    if turn is None:
        return False
    turn.remove("message")
    turn.body.clear()
    turn.meant = turn.meant.__class__(turn.meant.channel, turn.meant.recipient, "")
    return True


@fault()
def stop_missing(draft: Draft) -> bool:
    """A message has no stop token, and the next begins all the same."""
    return _remove_stop(draft)


@fault()
def last_stop_missing(draft: Draft) -> bool:
    """The last message has no stop token."""
    last = draft.turns[-1]
    had = bool(last.tail)
    last.tail.clear()
    return had


@fault()
def stop_and_start_missing(draft: Draft) -> bool:
    """Stop and start token are missing between two messages."""
    return _remove_stop(draft, "start")


@fault()
def boundary_missing(draft: Draft) -> bool:
    """Stop, start token and role are missing between two messages."""
    return _remove_stop(draft, "start", "role")


@fault("sgl-project/sglang#31019")
def header_missing(draft: Draft) -> bool:
    """A message comes without any header."""
    turn = draft.pick(lambda it: it.head)
    if turn is None:
        return False
    turn.head.clear()
    return True


@fault("sgl-project/sglang#31019")
def header_bare(draft: Draft) -> bool:
    """Only start token and role are left of a header."""
    turn = draft.pick(lambda it: it.find("message"))
    if turn is None:
        return False
    before = len(turn.head)
    turn.head[:] = [piece for piece in turn.head if piece.part in {"start", "role"}]
    return len(turn.head) < before


@fault("the corpus: specials_stripped")
def tokens_stripped(draft: Draft) -> bool:
    """Every special token is removed, as a server's decoding does."""
    return _strip(draft.turns, draft)


@fault("the corpus: specials_stripped")
def tail_stripped(draft: Draft) -> bool:
    """Special tokens are removed from some message on."""
    if len(draft.turns) < 2:  # noqa: PLR2004  (there is no tail)
        return False
    index = draft.random.randrange(1, len(draft.turns))
    return _strip(draft.turns[index:], draft)


@fault("the corpus: specials_stripped")
def header_stripped(draft: Draft) -> bool:
    """The tokens of one header are removed."""
    return _remove_tokens(draft.pick(lambda it: it.find("message")))


@fault()
def tokens_stripped_in_part(draft: Draft) -> bool:
    """Special tokens are removed here and there."""
    before = sum(len(turn.pieces) for turn in draft.turns)
    for turn in draft.turns:
        for zone in (turn.head, turn.tail):
            zone[:] = [it for it in zone if not it.is_token or draft.random.random() < 0.7]  # noqa: PLR2004
    return sum(len(turn.pieces) for turn in draft.turns) < before


def _strip(turns: list[Turn], draft: Draft) -> bool:
    stripped = [_remove_tokens(turn) for turn in turns]
    for turn in turns:
        turn.tail[:] = [piece for piece in turn.tail if not piece.is_token]
    draft.is_joined = True
    return any(stripped)


def _remove_tokens(turn: Turn | None) -> bool:
    if turn is None:
        return False
    before = len(turn.head)
    turn.head[:] = [
        # The blank that stands before a constrain token goes with what follows it.
        piece
        for piece in turn.head
        if not piece.is_token
    ]
    return len(turn.head) < before


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
