"""Faults of tokens that are missing: markers, whole headers, stops, all of them.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

from dataclasses import replace

from harmonium.testing.damage.faults import fault
from harmonium.testing.damage.pieces import Draft, Part, Turn


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
    turn = draft.pick(lambda it: it.find("channel_token") and it.find("channel"))
    if turn is None:
        return False
    turn.remove("channel_token")
    if turn.find("role") and draft.random.random() < 0.5:  # noqa: PLR2004
        turn.swap("channel", lambda it: it._replace(text=f" {it.text}"))
    return True


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
    turn.meant = replace(turn.meant, text="")
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
    turn.head[:] = [piece for piece in turn.head if not piece.is_token]
    return len(turn.head) < before


@fault()
def tokens_stripped_spaced(draft: Draft) -> bool:
    """Special tokens are replaced by white space, all of them."""
    space = draft.random.choice(("\n", " ", "\n\n"))
    stripped = _strip(draft.turns, draft)
    for turn in draft.turns:
        turn.has_margin = True
        turn.body[:] = [it._replace(text=f"{space}{it.text}{space}") for it in turn.body]
    return stripped
