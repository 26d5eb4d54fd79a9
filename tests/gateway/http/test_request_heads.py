"""Targets, methods, versions, hosts, upgrades, and the size of what stands before a body."""

from __future__ import annotations

import json

import pytest

from tests.gateway.http.wire import connected, get, post
from tests.gateway.running import CHAT, running

KEY = "a-key-of-the-edge-0123456789"


def answered(gateway, *sent):
    with connected(gateway) as wire:
        wire.send(*sent)
        return wire.answer()


def code_of(answer):
    return json.loads(answer.content)["error"]["code"]


@pytest.mark.parametrize(
    "target",
    ["/v1/models", "/v1/models?a=b", "/v1/%6dodels", "http://localhost/v1/models",
     "HTTP://localhost:8000/v1/models?x", "https://127.0.0.1/v1/models"],
)  # fmt: skip
def test_a_target_is_a_path_or_a_whole_address(gateway, target):
    assert answered(gateway, get(target)).status == 200


def test_an_address_without_a_path_means_the_root(gateway):
    assert answered(gateway, get("http://localhost")).status == 404


@pytest.mark.parametrize(
    "target",
    ["*", "v1/models", "//\x7f", "ftp://localhost/", "http:///v1/models", "http://a@localhost/",
     "/a b", "/caf\xe9", "/v1/models#part", "localhost:80"],
)  # fmt: skip
def test_any_other_target_is_refused(gateway, target):
    answer = answered(gateway, get(target))
    assert (answer.status, code_of(answer)) == (400, "invalid_http")


def test_the_server_as_a_whole_has_options_alone(gateway):
    assert answered(gateway, get("*").replace(b"GET", b"OPTIONS", 1)).status == 404


def test_the_host_of_a_whole_address_counts(gateway):
    assert answered(gateway, get("http://evil.example/v1/models")).status == 421
    request = get("http://localhost/v1/models").replace(b"Host: localhost", b"Host: evil.example")
    assert answered(gateway, request).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "QUERY", "PROPFIND"])
def test_a_method_that_a_route_does_not_have_is_told(gateway, method):
    answer = answered(gateway, get("/v1/models").replace(b"GET", method.encode(), 1))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("method", ["FOO", "GETT", "BREW"])
def test_a_method_that_nobody_has_is_told(gateway, method):
    answer = answered(gateway, get("/v1/models").replace(b"GET", method.encode(), 1))
    assert (answer.status, code_of(answer)) == (501, "unknown_method")


@pytest.mark.parametrize("line", [
    b"get / HTTP/1.1", b"GET / HTTP/2.0", b"GET / HTTP/0.9", b"GET / HTTP/1.2", b"GET / http/1.1",
    b"GET / HTTP/1.10", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ", b" GET / HTTP/1.1",
    b"GET\t/\tHTTP/1.1", b"GET / RTSP/1.0", b"SOURCE / ICE/1.0", b"PRI * HTTP/2.0",
    b"CONNECT localhost:80 HTTP/1.1", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
])  # fmt: skip
def test_a_request_line_that_is_none_is_refused(gateway, line):
    with connected(gateway) as wire:
        wire.send(line, b"\r\nHost: localhost\r\n\r\n")
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, code_of(answer)) == (400, "invalid_http")


def test_empty_lines_before_a_request_are_skipped(gateway):
    with connected(gateway) as wire:
        wire.send(b"\r\n\r\n", get(), b"\r\n", get(name="second"))
        assert [wire.answer().headers["x-request-id"] for _ in range(2)] == ["first", "second"]


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    "hosts",
    [b"", HOST + HOST, HOST + b"Host: evil.example\r\n", b"Host: a, b\r\n", b"Host: a b\r\n"],
)
def test_a_request_names_one_host(hosts):
    with running(keys=[KEY], host="10.0.0.1") as gateway:  # any host is served, but one it must be
        answer = answered(gateway, get().replace(HOST, hosts))
    assert (answer.status, code_of(answer)) == (400, "invalid_http")


def test_an_old_client_need_not_name_a_host():
    with running(keys=[KEY], host="10.0.0.1") as gateway:
        request = get(version=b"1.0").replace(HOST, b"")
        assert answered(gateway, request).status == 200


UPGRADE = (
    "Connection: Upgrade, HTTP2-Settings",
    "Upgrade: h2c",
    "HTTP2-Settings: AAEAAEAAAAIAAAAB",
)


def test_an_upgrade_is_ignored(gateway):
    """As Java's client asks for one with its first request."""
    body = json.dumps(CHAT).encode()
    with connected(gateway) as wire:
        wire.send(get("/v1/models", *UPGRADE), get(name="second"))
        assert [wire.answer().status for _ in range(2)] == [200, 200]
        wire.send(post("/v1/chat/completions", *UPGRADE, body=body))
        assert wire.answer().status == 200
        wire.send(get("/health/live", "Connection: Upgrade", "Upgrade: websocket"))
        assert wire.answer().status == 200
        wire.send(get(name="last"))
        assert wire.answer().headers["x-request-id"] == "last"


def test_headers_may_take_what_the_setting_says():
    with running(header_bytes=2_000) as gateway:
        base = len(get("/health/live", "X-A: ")) - len("GET /health/live HTTP/1.1\r\n\r\n")
        fits = get("/health/live", f"X-A: {'a' * (2_000 - base)}")
        assert answered(gateway, fits).status == 200
        answer = answered(gateway, fits.replace(b"aaa", b"aaaa", 1))
    assert (answer.status, code_of(answer)) == (431, "headers_too_large")


def test_the_body_is_no_part_of_the_headers(gateway):
    """A body of 60 KB and half a request behind it, in one segment."""
    body = json.dumps(CHAT | {"user": "x" * 60_000}).encode()
    with connected(gateway) as wire:
        wire.send(post("/v1/chat/completions", body=body), get(name="second")[:-9])
        assert wire.answer().status == 200
        wire.send(get(name="second")[-9:])
        assert wire.answer().headers["x-request-id"] == "second"


@pytest.mark.parametrize("sent", [
    get("/health/live", f"X-A: {'a' * 40_000}"), get("/health/live", f"X-A: {'a' * 40_000}")[:-9],
    get("/health/live", *(f"X-{n}: a" for n in range(200))),
])  # fmt: skip
def test_headers_that_are_too_large_are_refused(gateway, sent):
    with connected(gateway) as wire:
        wire.send(sent)
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, code_of(answer)) == (431, "headers_too_large")


@pytest.mark.parametrize("rest", [b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b""])
def test_an_address_that_is_too_long_is_refused(gateway, rest):
    with connected(gateway) as wire:
        wire.send(b"GET /", b"a" * 40_000, rest)
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, code_of(answer)) == (414, "uri_too_long")


def test_trailers_without_an_end_are_bounded_before_a_key_is_asked():
    sent = 0
    with running(keys=[KEY]) as gateway, connected(gateway) as wire:
        wire.send(post("/v1/responses", "Transfer-Encoding: chunked", length=False), b"0\r\n")
        try:
            while sent < 100 * 2**20:
                wire.send(b"X-Trailer: %b\r\n" % (b"a" * 1_000) * 64)
                sent += 64 * 1_015
        except ConnectionError:
            pass
    assert sent < 20 * 2**20  # what stands in the sockets' buffers, and no more


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_body_is_utf_8(gateway, encoding):
    body = json.dumps(CHAT).encode(encoding)
    answer = answered(gateway, post("/v1/chat/completions", body=body))
    assert (answer.status, code_of(answer)) == (400, "invalid_json")
