"""A raw connection to the gateway: the bytes that a test sends, and what comes back."""

from __future__ import annotations

import http.client
import io
import re
import select
import socket
from contextlib import contextmanager

from tests.gateway.running import PATIENCE

_DATE = re.compile(rb"\r\ndate: [^\r]+")


class Wire:
    """One connection. Answers are read by the standard library, as a second opinion on framing."""

    def __init__(self, gateway, *, receive_buffer=None, through=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", gateway.port))
        if through is not None:
            self.socket = through(self.socket)
        self._reader = _Reader(socket.SocketIO(self.socket, "r"))

    def makefile(self, _):
        """What `http.client` reads from: the same reader for every answer."""
        return self._reader

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def end(self):
        """Send nothing more."""
        self.socket.shutdown(socket.SHUT_WR)

    def read(self, size):
        return self._reader.read(size)

    def line(self):
        return self._reader.readline()

    def answer(self, method="GET"):
        """The next answer, its body read: status, headers and `content`."""
        found = http.client.HTTPResponse(self, method=method)
        found.begin()
        found.content = found.read()
        return found

    def rest(self):
        """All that comes until the connection ends, in whichever way."""
        found = []
        try:
            while piece := self._reader.read1():
                found.append(piece)
        except ConnectionResetError:
            pass
        return _DATE.sub(b"\r\ndate: now", b"".join(found))

    def is_readable(self, seconds):
        """Whether something comes, bytes or the end, within so many seconds."""
        return bool(select.select([self.socket], [], [], seconds)[0])


class _Reader(io.BufferedReader):
    """A reader that stays open when an answer has ended."""

    def close(self):
        pass


@contextmanager
def connected(gateway, **options):
    """Connect while a test lasts."""
    wire = Wire(gateway, **options)
    try:
        yield wire
    finally:
        wire.socket.close()


def get(path="/health/live", *headers, name="first", version=b"1.1"):
    """Build a request without a body."""
    return _head("GET", path, headers, name, version) + b"\r\n"


def post(path, *headers, body=b"", name="first", length=True):
    """Build a request with a body; its framing is in `headers` when `length` is false."""
    declared = (f"Content-Length: {len(body)}",) if length else ()
    kind = ("Content-Type: application/json",)
    return _head("POST", path, (*kind, *declared, *headers), name, b"1.1") + b"\r\n" + body


def _head(method, path, headers, name, version):
    lines = [f"{method} {path} HTTP/{version.decode()}", "Host: localhost", f"X-Request-Id: {name}"]
    return "".join(f"{line}\r\n" for line in (*lines, *headers)).encode("latin-1")


def chunked(*pieces):
    """The pieces as chunks, without the last one."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def names_of(gateway):
    """The ids of all requests that have reached the application."""
    return {record.request_id for record in gateway.watching.records}
