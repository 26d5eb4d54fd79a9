"""Strategies for the words and texts of a conversation. Know nothing of messages.

Needs Hypothesis (extra ``testing``).
"""

from __future__ import annotations

from hypothesis import strategies as st

from harmonium.limits import DEFAULT_LIMITS
from harmonium.model import CHANNEL_WORDS, ROLE_WORDS

_MARKERS = (
    "<|start|>",
    "<|end|>",
    "<|message|>",
    "<|channel|>",
    "<|constrain|>",
    "<|call|>",
    "<|return|>",
    "<|endoftext|>",
    "<|reserved_200013|>",
    "<|",
    "|>",
)
_HEADER_TEXTS = (
    "assistant",
    "analysis",
    "commentary to=functions.get_weather",
    " to=",
    "final",
    " json",
    "functions.",
)
_AWKWARD_TEXTS = (
    "\r\n",
    "\n\n",
    "\u2028",
    "\x85",
    "\x00",
    "\x1b[31m",
    "\ufeff",
    "e\u0301",
    "\U0001f469\u200d\U0001f680",
    "日本語",
    "  \t  ",
    "// }",
    "*/",
    '{"city": "Paris"}',
    "```python\nprint(1)\n```",
)
_PLAIN_NAMES = ("get_weather", "functions.get_weather", "browser.search", "python", "x", "a-b")
_NAME_LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd"])
_NAME_SIGNS = st.sampled_from("_-.:/@+")
_TAKEN = ROLE_WORDS | CHANNEL_WORDS | {"all"}


def texts(*, surrogates: bool = False, max_size: int = 60) -> st.SearchStrategy[str]:
    """Generate texts a message can hold, with a taste for what breaks parsers.

    Any Unicode of any plane, mixed with the text of special tokens, words of headers, odd white
    space, control characters and characters that several tokens share.

    Args:
        surrogates: also draw lone surrogates, which become U+FFFD when encoded, so that such a
            text does not come back equal.
        max_size: upper bound of the number of characters drawn freely; the texts mixed in come
            on top, at most eight of them.

    Example:
        >>> texts().example()  # doctest: +SKIP
        'assistant<|channel|>'

    """
    character = st.characters() if surrogates else st.characters(exclude_categories=["Cs"])
    free = st.text(character, max_size=max_size)
    piece = st.one_of(
        st.sampled_from(_MARKERS), st.sampled_from(_HEADER_TEXTS), st.sampled_from(_AWKWARD_TEXTS)
    )
    if surrogates:
        piece |= st.characters(categories=["Cs"])
    mixed = st.lists(st.one_of(piece, st.text(character, max_size=max_size // 8)), max_size=8)
    return st.one_of(free, mixed.map("".join))


def names(*, dotted: bool = True) -> st.SearchStrategy[str]:
    """Generate names that the model's constructors accept and that read as no role or channel.

    Plain identifiers, well-known tools, and words in any script with the signs names may hold.

    Args:
        dotted: also draw names with a dot, which a header reads as tools.

    Example:
        >>> names().example()  # doctest: +SKIP
        'functions.get_weather'

    """
    inner = st.text(st.one_of(_NAME_LETTERS, _NAME_SIGNS), max_size=12)
    edge = st.one_of(_NAME_LETTERS, st.sampled_from("_-"))
    wild = st.builds("".join, st.tuples(edge, inner, edge)) | edge
    plain = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)
    known = st.sampled_from(_PLAIN_NAMES)
    any_name = st.one_of(plain, known, wild)
    if dotted:
        return any_name.filter(_is_free)
    return any_name.map(lambda name: name.replace(".", "_")).filter(_is_free)


def _is_free(name: str) -> bool:
    taken = name.partition(":")[0] in _TAKEN or name in _TAKEN
    return not taken and len(name) <= DEFAULT_LIMITS.name_chars
