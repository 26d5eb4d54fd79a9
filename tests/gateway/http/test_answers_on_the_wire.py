"""Answers as bytes: framing, old clients, HEAD, early answers, interim answers, shutdown."""

from __future__ import annotations

import json

import pytest

from tests.gateway.http.wire import connected, get, post
from tests.gateway.running import CHAT, running
from tests.gateway.scripted import ANSWER, Hold, ScriptedEngine, chunks_of

PATH = "/v1/chat/completions"
STREAM = json.dumps(CHAT | {"stream": True}).encode()
WHOLE = json.dumps(CHAT).encode()
LIVE = (
    b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: %d\r\ncontent-type: application/json\r\n"
    b"x-request-id: first\r\n%b\r\n%b"
)
BODY = b'{"status":"live"}'
CLOSE = b"connection: close\r\n"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (get("/health/live", "Connection: close"), LIVE % (len(BODY), CLOSE, BODY)),
        (get(version=b"1.0"), LIVE % (len(BODY), CLOSE, BODY)),
        (get("/health/live", "Connection: keep-alive", version=b"1.0"),
         LIVE % (len(BODY), CLOSE, BODY)),
        (get("/health/live", "Connection: close").replace(b"GET", b"HEAD", 1),
         LIVE % (len(BODY), CLOSE, b"")),
    ],
    ids=["1.1", "1.0", "1.0 that would go on", "HEAD"],
)  # fmt: skip
def test_a_whole_answer_is_these_bytes(gateway, sent, expected):
    with connected(gateway) as wire:
        wire.send(sent)
        assert wire.rest() == expected


def test_head_has_the_headers_of_get_and_no_body(gateway):
    with connected(gateway) as wire:
        wire.send(get("/v1/models"), get("/v1/models").replace(b"GET", b"HEAD", 1), get(name="x"))
        full, head = wire.answer(), wire.answer("HEAD")
        assert wire.answer().headers["x-request-id"] == "x"
    assert [head.status, *head.headers.items()] == [full.status, *full.headers.items()]
    assert (len(full.content) > 0, head.content) == (True, b"")


def test_a_stream_is_chunked(gateway):
    with connected(gateway) as wire:
        wire.send(post(PATH, "Connection: close", body=STREAM))
        head, _, body = wire.rest().partition(b"\r\n\r\n")
    assert b"\r\ntransfer-encoding: chunked" in head
    assert b"content-length" not in head
    assert body.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")


def test_an_old_client_gets_a_stream_without_chunks_that_ends_with_the_connection(gateway):
    with connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM).replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        head, _, body = wire.rest().partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"\r\nconnection: close" in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


def test_a_preflight_has_neither_body_nor_length():
    page = "https://app.example"
    asked = (f"Origin: {page}", "Access-Control-Request-Method: POST")
    with running(allowed_origins=(page,)) as gateway, connected(gateway) as wire:
        wire.send(get(PATH, *asked).replace(b"GET", b"OPTIONS", 1), get(name="next"))
        answer = wire.answer("OPTIONS")
        assert wire.answer().headers["x-request-id"] == "next"
    assert (answer.status, answer.headers["content-length"]) == (204, None)
    assert answer.headers["transfer-encoding"] is None


EXPECT = "Expect: 100-continue"


def test_a_client_that_waits_is_told_to_send_its_body(gateway):
    request = post(PATH, EXPECT, body=WHOLE)
    with connected(gateway) as wire:
        wire.send(request[: -len(WHOLE)])
        assert [wire.line(), wire.line()] == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
        wire.send(WHOLE)
        assert wire.answer().status == 200


def test_a_client_that_does_not_wait_is_told_nothing(gateway):
    with connected(gateway) as wire:
        wire.send(post(PATH, EXPECT, body=WHOLE))
        assert wire.line() == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/nowhere", (), 404), (PATH, ("Content-Encoding: gzip",), 415),
     (PATH, ("Content-Length: 99999999",), 413)],
)  # fmt: skip
def test_a_client_that_waits_is_refused_before_it_sends(gateway, path, headers, status):
    length = () if any("Length" in one for one in headers) else ("Content-Length: 1000",)
    with connected(gateway) as wire:
        wire.send(post(path, EXPECT, *length, *headers, length=False))
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, answer.headers["connection"]) == (status, "close")


def test_an_answer_that_does_not_wait_for_the_body_reaches_a_client_that_sends_on(gateway):
    """A close at once would reset the connection, and the answer would be lost with it."""
    with connected(gateway) as wire:
        wire.send(post(PATH, "Content-Length: 50000000", length=False))
        wire.send(b" " * 400_000)
        answer = wire.answer()
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_client_that_sends_on_after_its_answer_is_left_soon(gateway):
    sent = 0
    with connected(gateway) as wire:
        wire.send(post(PATH, "Content-Length: 500000000", length=False))
        try:
            while sent < 500_000_000:
                wire.send(b" " * 65_536)
                sent += 65_536
        except ConnectionError:
            pass
    assert sent < 50_000_000


@pytest.mark.parametrize("form", [
    (f"Content-Length: {len(WHOLE)}", WHOLE),
    ("Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (len(WHOLE), WHOLE)),
])  # fmt: skip
def test_a_body_is_read_byte_by_byte(gateway, form):
    header, body = form
    sent = post(PATH, header, body=body, length=False)
    with connected(gateway) as wire:
        for at in range(len(sent)):
            wire.send(sent[at : at + 1])
        assert wire.answer().status == 200


def test_a_large_body_is_read_whole(gateway):
    body = json.dumps({"prompt": "a b " * 500_000}).encode()
    with connected(gateway) as wire:
        wire.send(post("/tokenize", body=body))
        assert json.loads(wire.answer().content)["count"] == 1_000_001


def test_a_request_without_a_body_ends_with_its_headers(gateway):
    with connected(gateway) as wire:
        wire.send(post(PATH, length=False), get(name="second"))
        assert [wire.answer().status for _ in range(2)] == [400, 200]


def test_half_a_connection_is_a_client_that_has_left(gateway):
    hold = Hold()
    gateway.play(script=[*chunks_of(ANSWER)[:9], hold])
    with connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM, name="half"))
        assert hold.reached.wait(20)
        wire.end()
        assert gateway.record("half").disconnected == "streaming"


@pytest.mark.parametrize("sent", [b"", get()[:30], post(PATH, body=WHOLE)[:-3]])
def test_a_client_that_closes_its_half_too_early_is_told_nothing(gateway, sent):
    with connected(gateway) as wire:
        wire.send(sent)
        wire.end()
        assert wire.rest() == b""


def test_answers_that_run_at_shutdown_end_and_say_that_the_connection_closes():
    hold = Hold()
    engine = ScriptedEngine([hold, *chunks_of(ANSWER)])
    with running(engine) as gateway, connected(gateway) as busy, connected(gateway) as idle:
        idle.send(get())
        assert idle.answer().status == 200
        busy.send(post(PATH, body=STREAM))
        assert hold.reached.wait(20)
        gateway.begin_to_stop()
        assert idle.rest() == b""
        hold.release()
        answer = busy.answer()
        assert busy.rest() == b""
    assert answer.content.endswith(b"data: [DONE]\n\n")
    assert answer.headers["connection"] == "close"
