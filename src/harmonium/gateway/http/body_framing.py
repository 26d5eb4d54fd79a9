"""Where a request's body ends: by its length, or by its last chunk. Does not know connections.

Theory of operation. A decoder takes bytes as they come, returns those of the body, and keeps none
of them. What it holds is a line that is not complete yet: the size of a chunk or a trailer field,
both bounded. Everything that a chunked body has beside its data is counted against one bound, so
that a body in chunks of one byte with an extension each costs an attacker more than the server.
RFC 9112, section 7.1, is read to the letter: hexadecimal digits and nothing around them, CR LF and
never LF alone, for two readers that disagree here see two different requests.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from harmonium.gateway.errors import RefusedError
from harmonium.gateway.http.request_head import invalid_http

MAX_SIZE_LINE_BYTES = 256
"""Of a chunk's size with its extensions, which nobody is known to send."""

MAX_EXTENSION_BYTES = 16_384
"""Of the extensions of all chunks of a body; Go's server takes as much."""

_SIZE = re.compile(rb"0{0,16}([0-9A-Fa-f]{1,15})((?:;[\t -~\x80-\xff]*)?)\r\n")
_TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n")
_END = b"\r\n"

_Step = Callable[[bytes, int, list[bytes]], int]
"""Reads data from a place on, adds what belongs to the body, and returns how far it came."""


class LengthDecoder:
    """A body of a length that is known.

    Args:
        length: in bytes.

    """

    def __init__(self, length: int) -> None:
        self._left = length
        self.is_complete = length == 0

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what belongs to the body, and what comes behind it."""
        size = len(data)
        if size < self._left:
            self._left -= size
            return data, b""
        body, rest = data[: self._left], data[self._left :]
        self._left, self.is_complete = 0, True
        return body, rest


class ChunkedDecoder:
    """A body in chunks. Its trailer fields are checked, counted, and dropped.

    Args:
        trailer_bytes: the bound on the trailer fields together.

    """

    def __init__(self, trailer_bytes: int) -> None:
        self._trailer_bytes = trailer_bytes
        self._trailer_bytes_left = trailer_bytes
        self._extension_bytes_left = MAX_EXTENSION_BYTES
        self._line = bytearray()
        self._left = 0
        self._read: _Step = self._read_size
        self.is_complete = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what belongs to the body, and what comes behind it.

        Raises:
            RefusedError: it is malformed, or has too much beside its data.

        """
        found: list[bytes] = []
        at = 0
        while at < len(data) and not self.is_complete:
            at = self._read(data, at, found)
        return b"".join(found), data[at:]

    def _read_size(self, data: bytes, at: int, found: list[bytes]) -> int:
        if not self._line:
            at = self._read_whole_chunks(data, at, found)
        line, at = self._take_line(data, at, MAX_SIZE_LINE_BYTES, invalid_http)
        if not line:
            return at
        size = _SIZE.fullmatch(line)
        if size is None:
            raise invalid_http()
        self._count_extension(size[2])
        self._left = int(size[1], 16)
        self._read = self._read_data if self._left else self._read_trailer
        return at

    def _read_whole_chunks(self, data: bytes, at: int, found: list[bytes]) -> int:
        """Take chunks that are all there: the usual ones, several times faster.

        Returns where the first other one begins.
        """
        while (size := _SIZE.match(data, at)) is not None:
            begin = size.end()
            end = begin + int(size[1], 16)
            if begin == end or begin - at > MAX_SIZE_LINE_BYTES or data[end : end + 2] != _END:
                break
            if size[2]:
                self._count_extension(size[2])
            found.append(data[begin:end])
            at = end + 2
        return at

    def _count_extension(self, extension: bytes) -> None:
        self._extension_bytes_left -= len(extension)
        if self._extension_bytes_left < 0:
            raise invalid_http()

    def _read_data(self, data: bytes, at: int, found: list[bytes]) -> int:
        piece = data[at : at + self._left]
        found.append(piece)
        self._left -= len(piece)
        if not self._left:
            self._read = self._read_end_of_data
        return at + len(piece)

    def _read_end_of_data(self, data: bytes, at: int, _: list[bytes]) -> int:
        line, at = self._take_line(data, at, len(_END), invalid_http)
        if line and line != _END:
            raise invalid_http()
        if line:
            self._read = self._read_size
        return at

    def _read_trailer(self, data: bytes, at: int, _: list[bytes]) -> int:
        line, at = self._take_line(data, at, self._trailer_bytes_left, self._too_many_trailers)
        self._trailer_bytes_left -= len(line)
        if line == _END:
            self.is_complete = True
        elif line and not _TRAILER.fullmatch(line):
            raise invalid_http()
        return at

    def _take_line(
        self, data: bytes, at: int, most: int, too_long: Callable[[], RefusedError]
    ) -> tuple[bytes, int]:
        """Return a line with its end, empty while it is not complete, and where to go on."""
        end = data.find(b"\n", at) + 1 or len(data)
        if len(self._line) + end - at > most:
            raise too_long()
        self._line += data[at:end]
        if not self._line.endswith(b"\n"):
            return b"", end
        line = bytes(self._line)
        self._line.clear()
        return line, end

    def _too_many_trailers(self) -> RefusedError:
        message = f"the trailers are larger than {self._trailer_bytes} bytes"
        return RefusedError(message, 431, code="headers_too_large")


def body_decoder(content_length: int | None, trailer_bytes: int) -> LengthDecoder | ChunkedDecoder:
    """Return what finds the end of a body; a length of None means chunks."""
    if content_length is None:
        return ChunkedDecoder(trailer_bytes)
    return LengthDecoder(content_length)
