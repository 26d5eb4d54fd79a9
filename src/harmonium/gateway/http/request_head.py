"""Heads of requests: the request line and the header fields, bounded and checked.

Does not know connections, and reads nothing of a body but how its end is found.

Theory of operation. A head ends at its first empty line, and the caller finds that by itself; the
same bytes then go through llhttp, the parser of Node. Both must agree on where the head ends, so
that nobody hides a second request from one of them. llhttp refuses what two readers could take
for different things: bare CR and LF, folded lines, blanks before a colon, two lengths, a length
beside chunks. What it lets through and a server must not is refused here: other protocols and
versions, codings other than ``chunked``, none or several hosts, targets that are no path.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

import httptools

from harmonium.gateway.errors import RefusedError

MAX_LINE_BYTES = 8_192
"""Of a request line: RFC 9112, section 3, asks for at least 8,000, and no route needs a tenth."""

MAX_FIELDS = 128
"""Header fields of a request. Clients send about 20, proxies add a handful; Apache takes 100."""

_LINE = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.([01])\r\n")
_ADDRESS = re.compile(rb"https?://([^/?#@]+)((?:[/?].*)?)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(rb"[!$%&'()*+.0-9:;=A-Z\[\]_a-z~-]*")
_CLOSE = re.compile(rb"(?:^|,)[ \t]*close[ \t]*(?:,|$)", re.IGNORECASE)
_LONE_LF = re.compile(rb"(?<!\r)\n")
_CAPITALS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_BLANKS = b" \t"

RawHeaders = list[tuple[bytes, bytes]]


class RequestHead(NamedTuple):
    """What a client asks for, before its body.

    Args:
        method: in capitals.
        path: decoded.
        raw_path: as sent.
        query: behind the question mark, as sent.
        http_version: ``1.0`` or ``1.1``.
        headers: names in small letters, in their order.
        content_length: of the body in bytes; 0 without one, None for a chunked body.
        is_persistent: whether the client lets the connection go on after the answer.
        expects_continue: whether the client waits to be told to send its body.

    """

    method: str
    path: str
    raw_path: bytes
    query: bytes
    http_version: str
    headers: RawHeaders
    content_length: int | None
    is_persistent: bool
    expects_continue: bool


def check_beginning(data: bytes, searched: int, header_bytes: int) -> None:
    """Check the beginning of a head whose end has not come yet.

    Args:
        data: all of it.
        searched: where to begin to look for what no head contains.
        header_bytes: the bound on the fields.

    Raises:
        RefusedError: it is too large already, or can be no head whatever comes.

    """
    if data[0] not in _CAPITALS:
        raise invalid_http()
    line_end = data.find(b"\r\n", 0, MAX_LINE_BYTES)
    if line_end >= 0:
        _check_size(len(data) - line_end, header_bytes)
    elif len(data) > MAX_LINE_BYTES:
        raise _too_long()
    if _LONE_LF.search(data, searched):
        raise invalid_http()


def parse_head(data: bytes, header_bytes: int) -> RequestHead:
    """Parse a head, with the empty line that ends it.

    Args:
        data: all of it.
        header_bytes: the bound on the fields.

    Raises:
        RefusedError: it is none, is too large or ambiguous, or is more than a head.

    """
    line = _LINE.match(data)
    if line is None:
        raise invalid_http()
    if line.end() > MAX_LINE_BYTES:
        raise _too_long()
    _check_size(len(data) - line.end() - 2, header_bytes)
    method, target, minor = line.groups()
    is_old = minor == b"0"
    headers = _parse_fields(data)
    if not target.startswith(b"/") and (method, target) != (b"OPTIONS", b"*"):
        # RFC 9112, section 3.2.2: the host of a whole address counts, whatever the field says
        host, target = _split_address(target)
        headers = [(b"host", host), *(one for one in headers if one[0] != b"host")]
    path, _, query = target.partition(b"?")
    values = dict(headers)
    if len(values) < len(headers):
        values[b"connection"] = _check_repeated(headers)
    host = values.get(b"host", b"")
    if b"#" in target or not _HOST.fullmatch(host) or not (is_old or b"host" in values):
        raise invalid_http()
    return RequestHead(
        method.decode("ascii"),
        unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii"),
        path,
        query,
        "1.0" if is_old else "1.1",
        headers,
        _body_length(values, is_old=is_old),
        not is_old and not _CLOSE.search(values.get(b"connection", b"")),
        not is_old and values.get(b"expect", b"").lower() == b"100-continue",
    )


def invalid_http() -> RefusedError:
    """Return the error of bytes that are no HTTP, or whose meaning is in doubt."""
    message = "the bytes sent are not a valid HTTP/1.1 request"
    return RefusedError(message, 400, code="invalid_http")


def _check_size(fields: int, most: int) -> None:
    if fields > most:
        message = f"the headers are larger than {most} bytes"
        raise RefusedError(message, 431, code="headers_too_large")


def _too_long() -> RefusedError:
    message = f"the request line is longer than {MAX_LINE_BYTES} bytes; send data in the body"
    return RefusedError(message, 414, code="uri_too_long")


class _Fields:
    """What llhttp reports of one head."""

    __slots__ = ("_append", "has_more", "headers", "is_complete")

    def __init__(self) -> None:
        self.headers: RawHeaders = []
        self._append = self.headers.append
        self.is_complete = self.has_more = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a field."""
        self._append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Note that llhttp has seen the end of a head, and whether it was the first."""
        self.has_more = self.is_complete
        self.is_complete = True

    def on_body(self, _: bytes) -> None:
        """Note that for llhttp the head ended earlier."""
        self.has_more = True


def _parse_fields(data: bytes) -> RawHeaders:
    fields = _Fields()
    try:
        httptools.HttpRequestParser(fields).feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # an upgrade that is asked for may be ignored (RFC 9110, section 7.8)
    except httptools.HttpParserInvalidMethodError:
        message = "no route accepts this HTTP method; see /docs"
        raise RefusedError(message, 501, code="unknown_method") from None
    except httptools.HttpParserError:
        for name, value in fields.headers:
            _check_coding(name, value)
        raise invalid_http() from None
    headers = fields.headers
    if not fields.is_complete or fields.has_more:
        raise invalid_http()
    if len(headers) > MAX_FIELDS:
        message = f"the request has more than {MAX_FIELDS} header fields"
        raise RefusedError(message, 431, code="headers_too_large")
    if b" \r\n" in data or b"\t\r\n" in data:  # blanks behind a value, which llhttp leaves there
        headers = [(name, value.rstrip(_BLANKS)) for name, value in headers]
    return headers


def _split_address(target: bytes) -> tuple[bytes, bytes]:
    """Return the host, and the path with its query."""
    address = _ADDRESS.fullmatch(target)
    if address is None:
        raise invalid_http()
    host, path = address.groups()
    return host, path if path.startswith(b"/") else b"/" + path


def _check_repeated(headers: RawHeaders) -> bytes:
    """Check that what decides about a request stands in it once; return all of ``Connection``.

    llhttp has refused a second length. Other fields are lists, or nothing depends on them here.
    """
    names = [name for name, _ in headers]
    for name, value in headers:
        _check_coding(name, value)
    if names.count(b"host") > 1 or names.count(b"transfer-encoding") > 1:
        raise invalid_http()
    return b",".join(value for name, value in headers if name == b"connection")


def _check_coding(name: bytes, value: bytes) -> None:
    if name == b"transfer-encoding" and not value:
        raise invalid_http()
    if name == b"transfer-encoding" and value.lower() != b"chunked":
        message = "transfer-encoding must be chunked; send the body without further codings"
        raise RefusedError(message, 501, code="unsupported_transfer_encoding")


def _body_length(values: dict[bytes, bytes], *, is_old: bool) -> int | None:
    """Return the length that is declared, 0 if none is, None for chunks."""
    coding = values.get(b"transfer-encoding")
    if coding is None:
        return int(values.get(b"content-length", 0))
    _check_coding(b"transfer-encoding", coding)
    if is_old:  # RFC 9112, section 6.1: whoever forwarded that did not know of chunks
        raise invalid_http()
    return None
