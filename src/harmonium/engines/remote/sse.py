"""Byte streams cut into payloads: server-sent events, or one per line.

Knows nothing of sockets or of what a payload says. However the bytes are cut, the payloads are the
same; each byte is looked at a bounded number of times, and a line has a largest size.

Source: the WHATWG's HTML standard, section 9.2.6, of which engines use ``data`` alone.
"""

from __future__ import annotations

from harmonium.errors import EngineProtocolError


class LineDecoder:
    """Return the lines of a stream, without their ends; empty lines are no payloads.

    Args:
        limit: bytes one line may have.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Process some bytes and return the payloads they complete.

        Raises:
            EngineProtocolError: a line is longer than the limit.

        """
        return [line for line in self._lines(piece) if line]

    def _lines(self, piece: bytes) -> list[bytes]:
        first, *rest = piece.split(b"\n")
        self._parts.append(first)
        self._size += len(first)
        self._check(self._size)
        if not rest:
            return []
        *whole, last = rest
        lines = [b"".join(self._parts), *whole]
        self._check(max(map(len, lines)))
        self._parts, self._size = [last], len(last)
        self._check(self._size)
        return [line.removesuffix(b"\r") for line in lines]

    def _check(self, size: int) -> None:
        if size > self._limit:
            message = f"the engine sent more than {self._limit} bytes without an end of line"
            raise EngineProtocolError(message)


class SSEDecoder(LineDecoder):
    """Return the data of server-sent events; comments and other fields are passed over."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._data: list[bytes] = []
        self._held = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """Process some bytes and return the payloads they complete; see `LineDecoder`."""
        if not (self._size or self._data) and len(piece) <= self._limit:
            whole = _whole_events(piece)
            if whole is not None:
                return whole
        payloads = []
        for line in self._lines(piece):
            if line.startswith(b"data:"):
                self._hold(line[5:].removeprefix(b" "))
            elif not line and self._data:
                payloads.append(b"\n".join(self._data))
                self._data, self._held = [], 0
        return payloads

    def _hold(self, data: bytes) -> None:
        self._data.append(data)
        self._held += len(data)
        self._check(self._held)


_BEGIN, _BETWEEN, _END = b"data: ", b"\n\ndata: ", b"\n\n"


def _whole_events(piece: bytes) -> list[bytes] | None:
    """Return the payloads of whole events of one line of data each; None where there is more."""
    if not (piece.startswith(_BEGIN) and piece.endswith(_END)) or b"\r" in piece:
        return None
    if piece.find(b"\n") == len(piece) - len(_END):  # one event, as nearly always
        return [piece[len(_BEGIN) : -len(_END)]]
    payloads = piece[len(_BEGIN) : -len(_END)].split(_BETWEEN)
    return payloads if piece.count(b"\n") == len(_END) * len(payloads) else None
