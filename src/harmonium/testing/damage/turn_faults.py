"""Faults around messages: text between them, and turns invented behind the end.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

from harmonium.testing.corpus import Recovered
from harmonium.testing.damage.faults import fault
from harmonium.testing.damage.pieces import Draft, Piece, Turn, token

_ASIDES = (".", "Some more words.", " ", "\n\n", "ok", "</s>", "Then the rest follows.")


@fault("the corpus: text_after_stop")
def text_between(draft: Draft) -> bool:
    """Text stands between two messages."""
    if len(draft.turns) < 2:  # noqa: PLR2004  (nothing stands between)
        return False
    at = draft.random.randrange(1, len(draft.turns))
    draft.turns.insert(at, _aside(draft.random.choice(_ASIDES)))
    return True


@fault()
def text_behind(draft: Draft) -> bool:
    """Text follows the last message's stop token."""
    if not draft.turns[-1].tail:
        return False
    draft.turns.append(_aside(draft.random.choice(_ASIDES)))
    return True


def _aside(text: str) -> Turn:
    return Turn(Recovered(None, None, text), [], [Piece("content", text)], [], kind="aside")


@fault("ml-explore/mlx-lm#875")
def user_invented(draft: Draft) -> bool:
    """The model goes on as the user and answers itself."""
    if draft.turns[-1].kind != "said" or draft.turns[-1].is_call:
        return False
    user = _invented("user", Recovered(None, None, "And Rome?"), ())
    if draft.random.random() < 0.3:  # noqa: PLR2004  (a start token is missing here as well)
        user.remove("start")
    draft.turns += [
        user,
        _invented("assistant", Recovered("final", None, "Rome is warm."), _final()),
    ]
    return True


@fault("NVIDIA/TensorRT-LLM#10651")
def result_invented(draft: Draft) -> bool:
    """The model invents the result of its call."""
    last = draft.turns[-1]
    if last.kind != "said" or not last.is_call:
        return False
    last.tail[:] = [token("stop", "end")]
    result = Recovered("commentary", "assistant", "7")
    words = (
        Piece("recipient", " to=assistant"),
        token("channel_token", "channel"),
        Piece("channel", "commentary"),
    )
    draft.turns += [
        _invented(str(last.meant.recipient), result, words),
        _invented("assistant", Recovered("final", None, "It says 7."), _final()),
    ]
    return True


def _final() -> tuple[Piece, ...]:
    return (token("channel_token", "channel"), Piece("channel", "final"))


def _invented(role: str, said: Recovered, words: tuple[Piece, ...]) -> Turn:
    opened = [token("start", "start"), Piece("role", role)]
    head = [*opened, *words, token("message", "message")]
    stop = [token("stop", "end")]
    return Turn(said, head, [Piece("content", said.text)], stop, kind="invented", role=role)
