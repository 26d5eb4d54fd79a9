"""Which words name a tool, given the tools the application declared. Reads no headers.

A word names a declared tool when it is its name, its name behind a damaged or invented namespace,
or the last part of exactly one declared name. A word that names no declared tool is a tool only
behind ``functions.``: prose must not become a call.

The sets of names lately used are kept (`tool_names`): an application declares the same tools with
every request, and building the tables of a hundred tools costs more than parsing a short answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from harmonium.errors import InvalidInputError, Position

PREFIX = "functions."
BUILT_IN = ("browser.", "container.")
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb"
_NAME = re.compile(rf"[^\s<>(){{}}|,;\[\]{_QUOTES}]{{1,256}}")
"""As long as `Limits.name_chars`. Quotes end a name (corpus: to-bash-quote-prose)."""
_TRAILING_SIGNS = ".:!?#*…"
"""Signs behind a name that are not part of it (corpus: constrain-functions-noop)."""
_GLUED = re.compile(r"(?:analysis|commentary|final|assistant|json|code)+\Z")
"""Header words run into a name (corpus: stripped-call-role-recipient)."""
_SEPARATORS = re.compile(r"[./:\\>]+")
_DAMAGED_PREFIX = re.compile(r"(?:functions?|tools?)[\W_]*", re.IGNORECASE)
"""A namespace as damaged models spell it (corpus: to-function-singular, to-functions-colon,
to-functions-angle, to-prefix-upper-case)."""
_PLAIN_NEXT = re.compile(r"[\w.\-]", re.ASCII)


def is_built_in(name: str) -> bool:
    """Return whether `name` is a tool the models know of themselves, such as ``python``."""
    return name == "python" or name.startswith(BUILT_IN)


class ToolNames:
    """The declared tools, and tool names read from header text.

    Args:
        names: the tools' names, with or without ``functions.``; built-in ones as they are.

    Raises:
        InvalidInputError: `names` is one string, or holds something that is no string.

    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        if isinstance(names, str | bytes):
            message = "tools must be a sequence of names, not one string"
            raise InvalidInputError(message, position=Position(path="tools"))
        self._recipients: dict[str, str] = {}
        for name in names:
            if not name or not isinstance(name, str):
                message = f"tools must hold names, found {type(name).__name__}"
                raise InvalidInputError(message, position=Position(path="tools"))
            bare = name.removeprefix(PREFIX)
            self._recipients[bare] = bare if is_built_in(bare) else PREFIX + bare
        self._declared = frozenset(self._recipients.values())
        last_parts = Counter(name.rpartition(".")[2] for name in self._recipients)
        self._by_last_part = {
            part: recipient
            for name, recipient in self._recipients.items()
            if last_parts[part := name.rpartition(".")[2]] == 1 and not is_built_in(name)
        }
        longest = sorted((n for n in self._recipients if not _NAME.fullmatch(n)), key=len)
        self._odd = tuple(reversed(longest))
        self._lengths = sorted({len(name) for name in self._recipients}, reverse=True)

    def is_declared(self, word: str) -> bool:
        """Return whether `word` is a declared tool's name, with or without ``functions.``."""
        return word.removeprefix(PREFIX) in self._recipients

    def recipient(self, word: str) -> str | None:
        """Return the recipient that `word` stands for if it can only be a call, else None."""
        bare = word
        while bare.startswith(PREFIX):
            bare = bare.removeprefix(PREFIX)
            if bare in self._recipients:
                return self._recipients[bare]
        if word in self._recipients:
            return self._recipients[word]
        damaged = self._under_damaged_prefix(word)
        if damaged is not None:
            return damaged
        return word if word.startswith(PREFIX) and len(word) > len(PREFIX) else None

    def means_declared(self, word: str) -> bool:
        """Return whether `word` stands for a declared tool, whatever its prefix."""
        return self.recipient(word) in self._declared

    def _under_damaged_prefix(self, word: str) -> str | None:
        """Return the declared tool under an invented or damaged namespace, such as ``tools.f``.

        What follows the last separator must be one declared name, or the end of exactly one
        (models call ``list_files`` or ``repo_browser.list_files`` where ``fs.list_files`` was
        declared: cubist38/mlx-openai-server#51).
        """
        if "=" in word:  # ``assistantto=functions.f``: words run together, no name
            return None
        bare = _DAMAGED_PREFIX.match(word)
        if bare is not None and word[bare.end() :] in self._recipients:
            return self._recipients[word[bare.end() :]]
        last = _SEPARATORS.split(word)[-1]
        if last == word:
            return self._by_last_part.get(word)
        return self._recipients.get(last)  # other namespaces may be a server's own

    def read(self, text: str, start: int) -> tuple[str, int]:
        """Return the name that begins at `start`, which may be empty, and where it ends."""
        skip = start + len(PREFIX) if text.startswith(PREFIX, start) else start
        for odd in self._odd:
            after = skip + len(odd)
            if text.startswith(odd, skip) and not _PLAIN_NEXT.match(text, after):
                return text[start:after], after
        found = _NAME.match(text, start)
        if found is None:
            return "", start
        word = found.group()
        if not self.is_declared(word):
            word = self._declared_part(word) or word.rstrip(_TRAILING_SIGNS)
        return word, start + len(word)

    def _declared_part(self, word: str) -> str | None:
        """Return the longest declared name `word` begins with, if what follows is no part of it."""
        skip = len(PREFIX) if word.startswith(PREFIX) else 0
        for length in self._lengths:
            part, rest = word[skip : skip + length], word[skip + length :]
            if part not in self._recipients or not rest:
                continue
            if _GLUED.match(rest) or not _PLAIN_NEXT.match(rest):
                return word[:skip] + part
        return None


@lru_cache(maxsize=256)
def _remembered(names: tuple[str, ...]) -> ToolNames:
    return ToolNames(names)


def tool_names(names: Iterable[str]) -> ToolNames:
    """Return the `ToolNames` of these names, made once for the sets of tools lately used."""
    if isinstance(names, str | bytes):
        return ToolNames(names)
    try:
        return _remembered(tuple(names))
    except TypeError:
        return ToolNames(names)
