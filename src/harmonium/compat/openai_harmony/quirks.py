"""Headers and broken UTF-8 as openai_harmony reads them. Nothing else in harmonium does it so.

The published parsers decode a whole header and search the text, so text that merely spells a
marker acts as one; they take at most one ill-formed byte sequence out of the content per token.
harmonium's own parser does neither. Found by differential probing of openai-harmony 0.0.8
(``legacy``) and oss-harmony 0.0.11 (``oss``), which differ only in repeated channel markers.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import utf_8_decode
from collections import deque
from typing import NamedTuple

from harmonium.compat.openai_harmony.failures import HarmonyError

CHANNEL_MARK = "<|channel|>"
CONSTRAIN_MARK = "<|constrain|>"
ROLES = ("user", "assistant", "system", "developer", "tool")

_SPACE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
_SPACE += "".join(map(chr, range(0x2000, 0x200B)))
_CHANNEL_WORD = re.compile(f"[^{_SPACE}<]*")
_ASCII_SPACE = re.compile(r"[\t\n\x0c\r ]+")
_ESCAPES = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
# marks that extend a character though their category (Mc, Lm) does not say so
_EXTENDING_CODES = (
    "9be 9d7 b3e b57 bbe bd7 cc0 cc2 cc7 cc8 cca ccb cd5 cd6 d3e d57 dcf ddf 1715 1734 1b35 "
    "1b3b 1b3d 1b43 1b44 1baa 1bf2 1bf3 302e 302f a953 a9c0 ff9e ff9f 111c0 11235 1133e "
    "1134d 11357 114b0 114bd 115af 116b6 11930 1193d 16ff0 16ff1 1d165 1d166 1d16d 1d16e "
    "1d16f 1d170 1d171 1d172 "
)
_EXTENDS = frozenset(chr(int(code, 16)) for code in _EXTENDING_CODES.split())


class Header(NamedTuple):
    """What a header says, as the published parsers understand it."""

    role: str
    name: str | None = None
    recipient: str | None = None
    channel: str | None = None
    content_type: str | None = None


class Reading(NamedTuple):
    """A header's words, its role, tool name and channel taken out."""

    role: str
    name: str | None
    channel: str | None
    words: list[str]


def read_header(text: str, role: str | None, *, one_channel: bool) -> Header:
    """Read a decoded header that ``<|message|>`` has ended.

    Args:
        text: the header, special tokens as their text.
        role: the role known from the prompt; None to take the header's first word.
        one_channel: drop channel markers after the first (``oss``); else they stay (``legacy``).

    Raises:
        HarmonyError: no role, an unknown one, a channel marker without a word, too many words.

    """
    role, name, channel, words = _read_author(text, role, one_channel=one_channel)
    recipient, content_type = _read_address(words)
    return Header(role, name, recipient, channel, content_type)


def read_cut_header(text: str, role: str | None, *, one_channel: bool) -> tuple[Header, str]:
    """Read a header that a stop token has ended; its remaining words count as the content."""
    role, name, channel, words = _read_author(text, role, one_channel=one_channel)
    return Header(role, name, None, channel, None), " ".join(words)


def _read_author(text: str, role: str | None, *, one_channel: bool) -> Reading:
    channel, text = _take_channel(text)
    if one_channel and channel is not None:
        text = _drop_channels(text)
    text = text.strip(_SPACE)
    if CONSTRAIN_MARK in text:
        text = text.replace(CONSTRAIN_MARK, f" {CONSTRAIN_MARK}").strip(_SPACE)
    words = [word for word in _ASCII_SPACE.split(text) if word]
    name = None
    if role is None:
        role, name = _role_of(words)
        words = words[role == "tool" and name not in ROLES :]
    if words and words[0] == role:
        words = words[1:]
    return Reading(role, name if role == "tool" else None, channel, words)


def _take_channel(text: str) -> tuple[str | None, str]:
    """Cut out the first channel marker and its word."""
    before, mark, after = text.partition(CHANNEL_MARK)
    if not mark:
        return None, text
    channel = _CHANNEL_WORD.match(after)[0]  # type: ignore[index]  # it matches always
    if not channel:
        message = "channel marker present but no channel value found in header"
        raise HarmonyError(message)
    return channel, before + after[len(channel) :]


def _drop_channels(text: str) -> str:
    """Cut out every channel marker and its word, also markers that cutting brings together."""
    place = text.find(CHANNEL_MARK)
    if place < 0:
        return text
    width = len(CHANNEL_MARK)
    kept = list(text[:place])
    while place < len(text):
        answer_context = "".join(kept[1 - width :])
        joined = answer_context + text[place : place + width - 1]
        found = joined.find(CHANNEL_MARK)
        if found >= 0:
            del kept[len(kept) - len(answer_context) + found :]
            place += found + width - len(answer_context)
        elif text.startswith(CHANNEL_MARK, place):
            place += width
        else:
            end = text.find(CHANNEL_MARK, place)
            kept.extend(text[place:end] if end >= 0 else text[place:])
            place = end if end >= 0 else len(text)
            continue
        place += len(_CHANNEL_WORD.match(text, place)[0])  # type: ignore[index]
    return "".join(kept)


def _role_of(words: list[str]) -> tuple[str, str]:
    if not words:
        raise HarmonyError("message header did not contain a role")
    first = words[0]
    if first in ROLES:
        return first, first
    if len(words) == 1 and not first.startswith("to="):
        message = f"Unknown role: {first}"
        raise HarmonyError(message)
    return "tool", first


def _read_address(words: list[str]) -> tuple[str | None, str | None]:
    """Return recipient and content type from the words after the role."""
    if not words:
        return None, None
    *before, last = words
    if last.startswith("to=") or not before:
        recipient, content_type = last, None
    else:
        recipient, content_type = before.pop(), last
    if before:
        message = f"unexpected tokens remaining in message header: Some({quoted(' '.join(before))})"
        raise HarmonyError(message)
    return recipient.removeprefix("to="), content_type


def quoted(text: str) -> str:
    """Quote text as the published parsers do in that message."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    extends = character in _EXTENDS or unicodedata.category(character) in {"Mn", "Me"}
    if character.isprintable() and not extends:
        return character
    return f"\\u{{{ord(character):x}}}"


class ContentDecoder:
    """Decoder of a message's bytes as the published parsers do it.

    One call of `feed` gives the whole characters up to the first ill-formed sequence, and a
    U+FFFD for that; what follows waits for the next call. An unknown token
    stops the decoding for the rest of the message: it becomes one U+FFFD there, and every token
    after it is lost. Work is linear in the bytes.
    """

    __slots__ = ("_closed", "_open", "_stuck", "_tail")

    def __init__(self) -> None:
        self._closed: deque[str] = deque()  # runs that such a sequence ended
        self._open = ""  # whole characters behind them
        self._tail = b""  # the beginning of a character behind those
        self._stuck = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, so that the next whole characters come out as they are."""
        return not (self._tail or self._closed or self._open or self._stuck)

    def feed(self, piece: bytes | None) -> tuple[str, ...]:
        """Decode one token's bytes (None for an unknown token); return text and U+FFFD, if any."""
        if piece is None:
            self._stuck = True
        if self._stuck or piece is None:
            return ()
        piece = self._tail + piece
        if not self._closed and not self._open:
            try:
                text, used = utf_8_decode(piece, "strict", False)  # noqa: FBT003  (more may come)
            except UnicodeDecodeError:
                pass
            else:
                self._tail = piece[used:]
                return (text,) if text else ()
        self._split(piece)
        if self._closed:
            text = self._closed.popleft()
            return (text, "\ufffd") if text else ("\ufffd",)
        text, self._open = self._open, ""
        return (text,) if text else ()

    def _split(self, data: bytes) -> None:
        self._tail = b""
        while data:
            fault = _fault(data)
            if fault is None:
                self._open += data.decode()
                return
            self._open += data[: fault.start].decode()
            if fault.reason == "unexpected end of data":
                self._tail = data[fault.start :]
                return
            self._closed.append(self._open)
            self._open = ""
            data = data[fault.end :]

    def close(self) -> str:
        """Return what was held back, at the end of the message."""
        waiting = "".join(f"{run}\ufffd" for run in self._closed) + self._open
        waiting += self._tail.decode(errors="replace")
        return "\ufffd" + waiting if self._stuck else waiting


def _fault(data: bytes) -> UnicodeDecodeError | None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error
    return None
