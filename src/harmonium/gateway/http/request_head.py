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
from dataclasses import dataclass
from urllib.parse import unquote

import httptools

from harmonium.gateway.errors import RefusedError

MAX_TARGET_BYTES = 8_192
"""Of a request's target: what RFC 9110 (section 4.1) asks every server to take, and no more."""

MAX_FIELDS = 128
"""Header fields of a request. Clients send about 20, proxies add a handful; Apache takes 100."""

_LINE = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.([01])\r\n")
_ADDRESS = re.compile(rb"https?://([^/?#@]+)((?:[/?].*)?)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(rb"[!$%&'()*+.0-9:;=A-Z\[\]_a-z~-]*")
_BLANKS = b" \t"

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class RequestHead:
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


def parse_head(data: bytes) -> RequestHead:
    """Parse a head, with the empty line that ends it.

    Raises:
        RefusedError: it is none, is ambiguous, or is more than a head.

    """
    line = _LINE.match(data)
    if line is None:
        raise invalid_http()
    method, target, minor = line.groups()
    fields = _Fields()
    _parse_fields(data, fields)
    host, path, query = _split_target(method, target)
    if host is not None:
        # RFC 9112, section 3.2.2: the host of the target counts, whatever the field says
        others = [one for one in fields.headers if one[0] != b"host"]
        fields.headers = [(b"host", host), *others]
    is_old = minor == b"0"
    _check_host(fields.headers, is_old=is_old)
    return RequestHead(
        method.decode("ascii"),
        unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii"),
        path,
        query,
        "1.0" if is_old else "1.1",
        fields.headers,
        _body_length(fields, is_old=is_old),
        fields.is_persistent and not is_old,
        fields.expects_continue and not is_old,
    )


def invalid_http() -> RefusedError:
    """Return the error of bytes that are no HTTP, or whose meaning is in doubt."""
    message = "the bytes sent are not a valid HTTP/1.1 request"
    return RefusedError(message, 400, code="invalid_http")


class _Fields:
    """What llhttp reports of one head."""

    def __init__(self) -> None:
        self.headers: RawHeaders = []
        self.codings: list[bytes] = []
        self.length: bytes | None = None
        self.is_persistent = True
        self.expects_continue = False
        self.is_complete = False
        self.has_more = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a field."""
        name, value = name.lower(), value.rstrip(_BLANKS)
        self.headers.append((name, value))
        if name == b"content-length":
            self.length = value
        elif name == b"transfer-encoding":
            self.codings.append(value.lower())
        elif name == b"connection":
            options = {one.strip(_BLANKS) for one in value.lower().split(b",")}
            self.is_persistent = self.is_persistent and b"close" not in options
        elif name == b"expect":
            self.expects_continue = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Note that llhttp has seen the end of the head."""
        self.has_more = self.is_complete
        self.is_complete = True

    def on_body(self, _: bytes) -> None:
        """Note that for llhttp the head ended earlier."""
        self.has_more = True


def _parse_fields(data: bytes, fields: _Fields) -> None:
    try:
        httptools.HttpRequestParser(fields).feed_data(data)
    except httptools.HttpParserUpgrade:
        pass  # an upgrade that is asked for may be ignored (RFC 9110, section 7.8)
    except httptools.HttpParserInvalidMethodError:
        message = "no route accepts this HTTP method; see /docs"
        raise RefusedError(message, 501, code="unknown_method") from None
    except httptools.HttpParserError:
        _check_codings(fields.codings)
        raise invalid_http() from None
    if not fields.is_complete or fields.has_more:
        raise invalid_http()
    if len(fields.headers) > MAX_FIELDS:
        message = f"the request has more than {MAX_FIELDS} header fields"
        raise RefusedError(message, 431, code="headers_too_large")


def _split_target(method: bytes, target: bytes) -> tuple[bytes | None, bytes, bytes]:
    """Return the host of a whole address (else None), the path and the query."""
    host = None
    address = _ADDRESS.fullmatch(target)
    if address is not None:
        host, target = address.groups()
        target = target if target.startswith(b"/") else b"/" + target
    if b"#" in target or not (target.startswith(b"/") or (method, target) == (b"OPTIONS", b"*")):
        raise invalid_http()
    path, _, query = target.partition(b"?")
    return host, path, query


def _check_host(headers: RawHeaders, *, is_old: bool) -> None:
    """Check that there is one host, and that it can be one (RFC 9112, section 3.2)."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or not (hosts or is_old):
        raise invalid_http()
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise invalid_http()


def _check_codings(codings: list[bytes]) -> None:
    if codings and codings != [b"chunked"]:
        message = "transfer-encoding must be chunked; send the body without further codings"
        raise RefusedError(message, 501, code="unsupported_transfer_encoding")


def _body_length(fields: _Fields, *, is_old: bool) -> int | None:
    _check_codings(fields.codings)
    if fields.codings:
        if is_old:  # RFC 9112, section 6.1: whoever forwarded that did not know of chunks
            raise invalid_http()
        return None
    return int(fields.length) if fields.length is not None else 0
