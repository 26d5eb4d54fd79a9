"""Requests whose length two readers could see differently: refused, and nothing behind is read."""

from __future__ import annotations

import json

import pytest

from tests.gateway.http.wire import chunked, connected, get, names_of, post

PATH = "/tokenize"
BODY = b'{"prompt":"Hi"}'
HIDDEN = get("/v1/models", name="hidden")
"""A request inside what another reader would take for a body."""

CHUNKED = ("Transfer-Encoding: chunked",)
LAST = b"0\r\n\r\n"


def unframed(*headers, body=BODY):
    return post(PATH, *headers, body=body, length=False)


LENGTHS = {
    "both, the length first": unframed("Content-Length: 5", *CHUNKED, body=LAST),
    "both, the coding first": unframed(*CHUNKED, "Content-Length: 5", body=LAST),
    "two lengths that differ": unframed("Content-Length: 15", "Content-Length: 0"),
    "two lengths that agree": unframed("Content-Length: 15", "Content-Length: 15"),
    "a list of lengths": unframed("Content-Length: 15, 15"),
    "a length with a sign": unframed("Content-Length: +15"),
    "a negative length": unframed("Content-Length: -1"),
    "a hexadecimal length": unframed("Content-Length: 0xf"),
    "a length with a blank inside": unframed("Content-Length: 1 5"),
    "an empty length": unframed("Content-Length:"),
    "a length beyond 64 bits": unframed("Content-Length: 18446744073709551631"),
    "a length in other digits": unframed("Content-Length: \xb9\xb5"),
}

CODINGS = {
    "compressed and chunked": (unframed("Transfer-Encoding: gzip, chunked", body=LAST), 501),
    "two fields": (unframed("Transfer-Encoding: gzip", *CHUNKED, body=LAST), 501),
    "another coding": (unframed("Transfer-Encoding: xchunked", body=LAST), 501),
    "identity": (unframed("Transfer-Encoding: identity", body=LAST), 501),
    "nothing": (unframed("Transfer-Encoding:", body=LAST), 400),
    "chunked, then another": (unframed("Transfer-Encoding: chunked, gzip", body=LAST), 400),
    "chunked twice": (unframed("Transfer-Encoding: chunked, chunked", body=LAST), 400),
    "behind a vertical tab": (unframed("Transfer-Encoding: \x0bchunked", body=LAST), 400),
    "a blank before the colon": (unframed("Transfer-Encoding : chunked", body=LAST), 400),
    "in a folded line": (unframed("Transfer-Encoding:", " chunked", body=LAST), 400),
    "in HTTP/1.0": (
        unframed(*CHUNKED, body=LAST).replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400,
    ),
}  # fmt: skip

LINES = {
    "a folded header": get("/health/live", "X-A: a", " b"),
    "a header folded by a tab": get("/health/live", "X-A: a", "\tb"),
    "a fold behind the request line": get().replace(b"\r\nHost", b"\r\n X: a\r\nHost"),
    "a bare LF behind the request line": get().replace(b"\r\n", b"\n", 1),
    "a bare LF behind a header": get("/health/live", "X-A: a\nX-B: b"),
    "bare LFs everywhere": get().replace(b"\r\n", b"\n"),
    "a bare LF as the end": get()[:-2] + b"\n",
    "a bare CR in a value": get("/health/live", "X-A: a\rX-B: b"),
    "a NUL in a value": get("/health/live", "X-A: a\0b"),
    "a control character in a value": get("/health/live", "X-A: a\x08b"),
    "a NUL in a name": get("/health/live", "X\0A: a"),
    "a header without a name": get("/health/live", ": a"),
    "a header without a colon": get("/health/live", "X-A"),
    "a blank before the colon": get("/health/live", "X-A : a"),
    "a blank in a name": get("/health/live", "X A: a"),
    "a name in brackets": get("/health/live", "[X]: a"),
}

CHUNKS = {
    "a size that is no number": b"z\r\n",
    "a size with a sign": b"+f\r\n" + BODY + b"\r\n" + LAST,
    "a size with a prefix": b"0xf\r\n" + BODY + b"\r\n" + LAST,
    "a size with a blank before it": b" f\r\n" + BODY + b"\r\n" + LAST,
    "a size with a blank behind it": b"f \r\n" + BODY + b"\r\n" + LAST,
    "a size in several digits groups": b"0_f\r\n" + BODY + b"\r\n" + LAST,
    "no size": b"\r\n" + BODY + b"\r\n" + LAST,
    "a size beyond 64 bits": b"1000000000000000f\r\n" + BODY + b"\r\n" + LAST,
    "a size behind a line of zeros": b"0" * 4096 + b"f\r\n" + BODY + b"\r\n" + LAST,
    "a bare LF behind the size": b"f\n" + BODY + b"\r\n" + LAST,
    "a bare LF behind the data": b"f\r\n" + BODY + b"\n" + LAST,
    "data longer than its size": b"e\r\n" + BODY + b"\r\n" + LAST,
    "data behind the data": b"f\r\n" + BODY + b"xx\r\n" + LAST,
    "a bare LF behind the last chunk": chunked(BODY) + b"0\n\r\n",
    "a bare LF as the end": chunked(BODY) + b"0\r\n\n",
    "a bare LF in an extension": b"f;a\nb\r\n" + BODY + b"\r\n" + LAST,
    "a bare CR in an extension": b"f;a\rb\r\n" + BODY + b"\r\n" + LAST,
    "an extension without an end": b"f;" + b"a" * 20_000,
    "extensions without an end": b"1;%b\r\nx\r\n" % (b"a" * 200) * 200,
    "a trailer without a name": chunked(BODY) + b"0\r\n: a\r\n\r\n",
    "a trailer without a colon": chunked(BODY) + b"0\r\nX-A\r\n\r\n",
    "a folded trailer": chunked(BODY) + b"0\r\nX-A: a\r\n b\r\n\r\n",
    "a bare LF behind a trailer": chunked(BODY) + b"0\r\nX-A: a\nX-B: b\r\n\r\n",
    "a NUL in a trailer": chunked(BODY) + b"0\r\nX-A: \0\r\n\r\n",
}


def refused(gateway, sent, status):
    """Send bytes, and a hidden request behind them; one refusal comes, and the end."""
    gateway.watching.records.clear()
    with connected(gateway) as wire:
        wire.send(sent, HIDDEN)
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert "hidden" not in names_of(gateway)
    error = json.loads(answer.content)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error["code"]


@pytest.mark.parametrize("case", LENGTHS)
def test_a_length_that_is_in_doubt_is_refused(gateway, case):
    assert refused(gateway, LENGTHS[case], 400) == "invalid_http"


@pytest.mark.parametrize("case", CODINGS)
def test_a_coding_other_than_chunked_is_refused(gateway, case):
    sent, status = CODINGS[case]
    code = {501: "unsupported_transfer_encoding", 400: "invalid_http"}[status]
    assert refused(gateway, sent, status) == code


@pytest.mark.parametrize("case", LINES)
def test_a_line_that_is_no_header_is_refused(gateway, case):
    assert refused(gateway, LINES[case], 400) == "invalid_http"


@pytest.mark.parametrize("case", CHUNKS)
def test_a_chunk_that_is_malformed_is_refused(gateway, case):
    assert refused(gateway, unframed(*CHUNKED, body=CHUNKS[case]), 400) == "invalid_http"


@pytest.mark.parametrize("headers", [("Content-Length: 15",), CHUNKED])
def test_what_stands_in_a_body_is_never_a_request(gateway, headers):
    """It is the body, or the next request, by the length that was declared."""
    body = {"Content-Length: 15": BODY, CHUNKED[0]: chunked(BODY) + LAST}[headers[0]]
    with connected(gateway) as wire:
        wire.send(unframed(*headers, body=body), get(name="behind"))
        first, second = wire.answer(), wire.answer()
    assert (first.status, first.headers["x-request-id"]) == (200, "first")
    assert (second.status, second.headers["x-request-id"]) == (200, "behind")


@pytest.mark.parametrize(
    "body",
    [
        chunked(BODY) + LAST,
        chunked(*(BODY[at : at + 1] for at in range(len(BODY)))) + LAST,
        b"f;name=value\r\n" + BODY + b"\r\n0;a=b\r\n\r\n",
        b'f;quoted="a;b"\r\n' + BODY + b"\r\n" + LAST,
        b"00F\r\n" + BODY + b"\r\n000\r\n\r\n",
        chunked(BODY) + b"0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_chunked_body_is_read_however_it_is_cut(gateway, body, step):
    sent = unframed(*CHUNKED, body=body)
    with connected(gateway) as wire:
        for at in range(0, len(sent), step):
            wire.send(sent[at : at + step])
        assert wire.answer().status == 200
        wire.send(get(name="next"))
        assert wire.answer().headers["x-request-id"] == "next"


def test_trailers_are_never_taken_for_headers(gateway):
    trailers = b"0\r\nHost: evil.example\r\nAuthorization: Bearer x\r\nContent-Length: 9\r\n\r\n"
    with connected(gateway) as wire:
        wire.send(unframed(*CHUNKED, body=chunked(BODY) + trailers), get(name="next"))
        assert [wire.answer().status for _ in range(2)] == [200, 200]
