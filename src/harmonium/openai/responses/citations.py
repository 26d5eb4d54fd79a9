"""Citations found in an answer's text. Knows nothing of items or of events.

The browser tool asks the model to cite as ``【6†L9-L11】`` or ``【8†L3】``: the page's cursor, then
lines. A citation of a page that is known becomes a ``url_citation``; the text keeps its marker,
so that an answer sent back reads as the model wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_CLOSE = "】"
_CITATION = re.compile(r"【([0-9]{1,9})†[^【】]{0,64}】")


@dataclass(frozen=True, slots=True)
class Page:
    """The source of a page that the browser tool showed under some cursor."""

    url: str
    title: str = ""


class CitationFinder:
    """Find citations in text that comes piece by piece; linear in the text, in any split.

    Args:
        pages: cursor -> page; may grow between two pieces.

    Example:
        >>> finder = CitationFinder({3: Page("https://example.com", "Example")})
        >>> finder.add("So it is【3†L5")
        []
        >>> finder.add("-L9】.")[0]["start_index"]
        8

    """

    def __init__(self, pages: Mapping[int, Page]) -> None:
        self._pages = pages
        self._tail: list[str] = []
        self._scanned = 0

    def add(self, piece: str) -> list[dict[str, object]]:
        """Process some text and return the citations it completes, as ``url_citation`` annotations.

        Indices count characters (code points) of the whole text; the end is exclusive.
        """
        self._tail.append(piece)
        if _CLOSE not in piece:
            return []
        text = "".join(self._tail)
        end = text.rindex(_CLOSE) + 1
        found = [self._annotation(match) for match in _CITATION.finditer(text, 0, end)]
        self._tail = [text[end:]]
        self._scanned += end
        return [annotation for annotation in found if annotation is not None]

    def _annotation(self, match: re.Match[str]) -> dict[str, object] | None:
        page = self._pages.get(int(match[1]))
        if page is None:
            return None
        return {
            "type": "url_citation",
            "start_index": self._scanned + match.start(),
            "end_index": self._scanned + match.end(),
            "url": page.url,
            "title": page.title,
        }
