r"""Encoding of long o200k text in linear time. Knows nothing of special tokens or names.

tiktoken merges a piece of n bytes with a heap, in n log n steps that leave the processor's cache
when a piece has many thousand bytes: a run of letters, say, or of blanks. Here such a piece is
merged window by window. That gives the same tokens, because a row of tokens is what merging
their bytes gives if and only if that holds for each two neighbours; each seam is held against
that rule, and where no seam fits the whole piece goes to tiktoken.

Pieces are looked for only where the text has none of the places that every reader of the split
pattern agrees to be an end of a piece (`_PLAIN_END`) for thousands of characters. There, each
character is replaced by one that stands for its class, and the split pattern runs on these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from harmonium.tokens.split_pattern import LONG_TEXT

_LOOK = LONG_TEXT // 2
_WINDOW = 16_384
_UNSURE = 8
_MOST_STEPS_BACK = 32

_PLAIN_END = re.compile(
    # a letter or digit, then a blank or a sign other than an apostrophe
    r"[^\W_](?=[\s!-&(-/:-@\[-`{-~\u3001\u3002\uff01\uff0c\uff1f])"
    r"|[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])"
    # small letters, then a capital: two, because 'r of 'rE may belong to a 're
    r"|[a-z][a-z](?=[A-Z])"
)
_OTHER, _UNKNOWN = "!", "\uffff"
_STANDS_FOR = {
    **dict.fromkeys(("Lu", "Lt"), "Q"),
    "Ll": "q",
    **dict.fromkeys(("Lm", "Lo"), "ª"),
    **dict.fromkeys(("Mn", "Mc", "Me"), "\u0301"),
    **dict.fromkeys(("Nd", "Nl", "No"), "0"),
    **dict.fromkeys(("Zs", "Zl", "Zp"), "\t"),
}
_EXCEPTIONS = {"\x85": "\t", "\u017f": "s"}  # blank, though a control; s, when case is ignored
_UPPER, _LOWER = "[A-Zª\u0301]", "[a-zª\u0301]"
_BLANKS = "\t\x0b\x0c "
_BLANK = r"[\t-\r ]"
_SUFFIX = "(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?"
_PIECE = re.compile(
    rf"[^\r\nA-Za-zª0-9]?{_UPPER}*{_LOWER}+{_SUFFIX}"
    rf"|[^\r\nA-Za-zª0-9]?{_UPPER}+{_LOWER}*{_SUFFIX}"
    r"|(?:[0-9]{3}){1,8}|[0-9]{1,3}"  # some pieces of three digits at once
    r"| ?[^\t-\r A-Za-zª0-9]+[\r\n/]*"
    rf"|{_BLANK}*[\r\n]+|{_BLANK}+(?![^\t-\r ])|{_BLANK}+"
)


class _Classes(dict[int, str]):
    """Map code points to the character that stands for their class; ASCII stands for itself."""

    _MOST = 1 << 16

    def __missing__(self, point: int) -> str:
        character = chr(point)
        found = _EXCEPTIONS.get(character) or _class_of(character)
        if len(self) < self._MOST:
            self[point] = found
        return found


def _class_of(character: str) -> str:
    if character.isascii():
        return character
    category = unicodedata.category(character)
    if category == "Cn" and not _is_noncharacter(ord(character)):
        return _UNKNOWN  # tiktoken's Unicode may be newer and know it
    return _STANDS_FOR.get(category, _OTHER)


def _is_noncharacter(point: int) -> bool:
    """Return whether Unicode promises never to assign this code point."""
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF  # noqa: PLR2004


_CLASSES = _Classes()


class LongTextEncoder:
    """Encode text of any length in linear time, with the tokens that `encode_text` would give.

    Args:
        encode_text: encodes text of the o200k split pattern, without special tokens.
        encode_piece: merges the bytes of one piece.
        bytes_of: gives the bytes of tokens, each at most 255 long.

    """

    __slots__ = ("_bytes_of", "_encode_piece", "_encode_text")

    def __init__(
        self,
        encode_text: Callable[[str], list[int]],
        encode_piece: Callable[[bytes], list[int]],
        bytes_of: Callable[[list[int]], bytes],
    ) -> None:
        self._encode_text = encode_text
        self._encode_piece = encode_piece
        self._bytes_of = bytes_of

    def encode(self, text: str) -> list[int]:
        """Encode text without lone surrogates."""
        found: list[int] = []
        for start, end, is_long_piece in _parts(text):
            part = text[start:end]
            found += (
                self._encode_long_piece(part.encode()) if is_long_piece else self._encode_text(part)
            )
        return found

    def _encode_long_piece(self, piece: bytes) -> list[int]:
        """Merge a piece window by window; the last few tokens of each may not last, so go again.

        Where a window does not fit what came before, it starts one token earlier.
        """
        found: list[int] = []
        start = farthest = steps_back = 0
        while steps_back <= _MOST_STEPS_BACK:
            window = self._encode_piece(piece[start : start + _WINDOW])
            if found and not self._fit(found[-1], window[0]):
                start -= len(self._bytes_of([found.pop()]))
                steps_back += 1
                continue
            if start + _WINDOW >= len(piece):
                return found + window
            found += window[:-_UNSURE]
            start += _WINDOW - len(self._bytes_of(window[-_UNSURE:]))
            if start <= farthest:
                break
            farthest, steps_back = start, 0
        return self._encode_piece(piece)

    def _fit(self, left: int, right: int) -> bool:
        """Return whether two tokens stay as they are when their bytes are merged together."""
        pair = [left, right]
        return self._encode_piece(self._bytes_of(pair)) == pair


def _parts(text: str) -> Iterator[tuple[int, int, bool]]:
    """Cut text into parts that can be encoded by themselves; True marks those of one long piece.

    Parts end at a plain end where there is one, so that tiktoken's own lists stay small, too.
    """
    start = 0
    while len(text) - start > LONG_TEXT:
        plain = _PLAIN_END.search(text, start + _LOOK, start + LONG_TEXT)
        if plain is not None:
            end = plain.end()
            yield start, end, False
        else:
            plain = _PLAIN_END.search(text, start + LONG_TEXT - 2)
            end = len(text) if plain is None else plain.end()
            yield from _parts_of_dense(text[start:end], start)
        start = end
    if start < len(text):
        yield start, len(text), False


def _parts_of_dense(text: str, offset: int) -> Iterator[tuple[int, int, bool]]:
    """Cut a stretch that has no plain end for thousands of characters, after its pieces."""
    classes = text.translate(_CLASSES)
    done = 0
    for match in () if _UNKNOWN in classes else _PIECE.finditer(classes):
        start, end = match.span()
        if end - start > LONG_TEXT:
            yield from _before_piece(classes, done, start, offset)
            yield offset + start, offset + end, True
            done = end
        elif end - done > LONG_TEXT and classes[end - 1] not in _BLANKS:
            yield offset + done, offset + end, False
            done = end
    if done < len(text):
        yield offset + done, offset + len(text), False


def _before_piece(
    classes: str, done: int, start: int, offset: int
) -> Iterator[tuple[int, int, bool]]:
    """Cut what stands before a long piece so that it is split as it was before that piece.

    The last of some blanks is left for what follows them. Where a piece follows that did not take
    it, it stands alone; in text that ends there, it would not.
    """
    is_lone = start > done and classes[start - 1] in _BLANKS and classes[start] not in _BLANKS
    cut = start - 1 if is_lone else start
    if done < cut:
        yield offset + done, offset + cut, False
    if cut < start:
        yield offset + cut, offset + start, False
