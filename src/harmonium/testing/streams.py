"""The strategy for token streams: valid, mutated and random. Knows nothing of repairs.

Needs Hypothesis (extra ``testing``).
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from hypothesis import strategies as st

from harmonium.encoding import load_encoding
from harmonium.model import Conversation, Message, Role
from harmonium.testing.dialogue import messages

Kind = Literal["valid", "mutated", "random"]

_HEADER_WORDS = (
    "assistant",
    "user",
    "tool",
    "analysis",
    "commentary",
    "final",
    " to=",
    "functions.get_weather",
    " json",
    "?",
    " ",
    "\n",
)
_STRUCTURAL = ("start", "end", "message", "channel", "constrain", "call", "return")
_UNKNOWN = (201_089, 250_000, 2**31)
_PROFILES = ("guide", "oss", "legacy", "vllm")


def token_streams(
    *kinds: Kind, role: Role | None = Role.ASSISTANT, max_size: int = 40
) -> st.SearchStrategy[list[int]]:
    """Generate streams of o200k_harmony token ids.

    Args:
        kinds: which to draw, all by default. ``valid``: messages as rendered, under any profile.
            ``mutated``: such a stream with tokens dropped, doubled, swapped, inserted or cut off.
            ``random``: structural tokens, words of headers, any ids, some outside the vocabulary.
        role: ``assistant`` draws what a model answers: messages of the assistant, without the
            ``<|start|>assistant`` that the prompt ends with. None draws whole streams of any
            roles, from the first start token on.
        max_size: upper bound of the length of a random stream; others hold up to four messages.

    Example:
        >>> token_streams("valid").example()  # doctest: +SKIP
        [200005, 17196, 200008, 19, 200002]

    """
    made = {"valid": _valid(role), "mutated": _mutated(role), "random": _random(max_size)}
    return st.one_of([made[kind] for kind in kinds or ("valid", "mutated", "random")])


@cache
def _alphabet() -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ids of the structural tokens and of the words that stand in headers."""
    encoding = load_encoding()
    words = [token for word in _HEADER_WORDS for token in encoding.encode_ordinary(word)]
    structural = [encoding.special_tokens[f"<|{name}|>"] for name in _STRUCTURAL]
    return tuple(structural), tuple(words)


def _tokens() -> st.SearchStrategy[int]:
    structural, words = _alphabet()
    return st.one_of(
        st.sampled_from(structural),
        st.sampled_from(words),
        st.integers(0, 201_088),
        st.sampled_from(_UNKNOWN),
    )


def _random(max_size: int) -> st.SearchStrategy[list[int]]:
    return st.deferred(lambda: st.lists(_tokens(), max_size=max_size))


@st.composite
def _valid(draw: st.DrawFn, role: Role | None) -> list[int]:
    encoding = load_encoding()
    spoken = messages(round_trip=True)
    if role is not None:
        spoken = spoken.filter(lambda message: message.author.role is role)
    said: list[Message] = draw(st.lists(spoken, min_size=1, max_size=4))
    ids = encoding.render(
        Conversation(tuple(said)),
        training=draw(st.booleans()),
        profile=draw(st.sampled_from(_PROFILES)),
        history="keep",
    )
    return ids if role is None else ids[1 + len(encoding.encode_ordinary(role.value)) :]


@st.composite
def _mutated(draw: st.DrawFn, role: Role | None) -> list[int]:
    ids = draw(_valid(role))
    for _ in range(draw(st.integers(1, 4))):
        ids = _mutate(draw, ids)
    return ids


def _mutate(draw: st.DrawFn, ids: list[int]) -> list[int]:
    index = draw(st.integers(0, len(ids)))
    before, after = ids[:index], ids[index:]
    match draw(st.sampled_from(["drop", "double", "insert", "swap", "cut", "replace"])):
        case "drop":
            return before + after[1:]
        case "double":
            return before + after[:1] + after
        case "insert":
            return [*before, draw(_tokens()), *after]
        case "swap":
            return before + after[1:2] + after[:1] + after[2:]
        case "cut":
            return before
        case _:
            return [*before, draw(_tokens()), *after[1:]]
