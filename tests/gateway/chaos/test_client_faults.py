"""What clients do wrong: they leave, at any moment, or do not read. The engine hears of it."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from harmonium.engines.protocol import Chunk
from tests.gateway.reading import error_of
from tests.gateway.running import BODIES, PATIENCE, running
from tests.gateway.scripted import ANSWER, Hold, ScriptedEngine, chunks_of

ROUTES = sorted(BODIES)
BEGINNING = chunks_of(ANSWER)[:9]


def request_bytes(path, **fields):
    body = json.dumps(BODIES[path] | fields).encode()
    name = fields.get("user", "chaos")
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {name}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def connected(gateway):
    return socket.create_connection(("127.0.0.1", gateway.port), PATIENCE)


def ended(gateway, request_id):
    record = gateway.record(request_id)
    gateway.assert_nothing_is_left()
    return record


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_leaves_before_the_first_token_cancels_the_engine(gateway, path, stream):
    hold, name = Hold(), f"before-{ROUTES.index(path)}-{stream}"
    gateway.play(script=[hold])
    with connected(gateway) as client:
        client.sendall(request_bytes(path, stream=stream, user=name))
        assert hold.reached.wait(PATIENCE)
    record = ended(gateway, name)
    assert (record.disconnected, record.upstream_cancels) == ("before_first_token", 1)


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_leaves_in_a_stream_cancels_the_engine(gateway, path):
    hold, name = Hold(), f"stream-{ROUTES.index(path)}"
    before = gateway.metric("harmonium_disconnects_total", phase="streaming") or 0
    gateway.play(script=[*BEGINNING, hold])
    with connected(gateway) as client:
        client.sendall(request_bytes(path, stream=True, user=name))
        assert b"200 OK" in client.recv(4096)
        assert hold.reached.wait(PATIENCE)
    record = ended(gateway, name)
    assert (record.disconnected, record.upstream_cancels) == ("streaming", 1)
    assert gateway.metric("harmonium_disconnects_total", phase="streaming") == before + 1


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_leaves_in_a_whole_answer_cancels_the_engine(gateway, path):
    hold, name = Hold(), f"whole-{ROUTES.index(path)}"
    gateway.play(script=[*BEGINNING, hold])
    with connected(gateway) as client:
        client.sendall(request_bytes(path, user=name))
        assert hold.reached.wait(PATIENCE)
    record = ended(gateway, name)
    assert (record.disconnected, record.upstream_cancels) == ("generating", 1)


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_closes_its_half_is_taken_to_have_left(gateway, path):
    hold, name = Hold(), f"half-{ROUTES.index(path)}"
    gateway.play(script=[*BEGINNING, hold])
    with connected(gateway) as client:
        client.sendall(request_bytes(path, stream=True, user=name))
        assert hold.reached.wait(PATIENCE)
        client.shutdown(socket.SHUT_WR)
        assert ended(gateway, name).disconnected == "streaming"


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_leaves_with_a_reset_cancels_the_engine(gateway, path):
    hold, name = Hold(), f"reset-{ROUTES.index(path)}"
    gateway.play(script=[*BEGINNING, hold])
    client = connected(gateway)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.sendall(request_bytes(path, stream=True, user=name))
    assert hold.reached.wait(PATIENCE)
    client.close()
    assert ended(gateway, name).upstream_cancels == 1


def test_a_client_that_leaves_cancels_all_of_several_choices(gateway):
    hold = Hold()
    gateway.play(script=[*BEGINNING, hold])
    with connected(gateway) as client:
        client.sendall(request_bytes("/v1/chat/completions", stream=True, n=3, user="several"))
        assert client.recv(4096)
        with gateway.engine.changed:
            assert gateway.engine.changed.wait_for(lambda: gateway.engine.open == 3, PATIENCE)
    assert ended(gateway, "several").upstream_cancels == 3


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(gateway, path):
    sent = request_bytes(path, user=f"body-{ROUTES.index(path)}")
    with connected(gateway) as client:
        client.sendall(sent[:-5])
    record = ended(gateway, f"body-{ROUTES.index(path)}")
    assert (record.disconnected, record.error) == ("receiving", None)
    assert gateway.engine.requests == []


@pytest.mark.parametrize("path", ROUTES)
def test_a_client_that_does_not_read_slows_the_engine_and_is_given_up(impatient, path):
    endless = [Chunk((9906,) * 400)] * 20_000
    impatient.play(script=[*chunks_of(ANSWER)[:-3], *endless])
    name = f"slow-{ROUTES.index(path)}"
    with connected(impatient) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request_bytes(path, stream=True, user=name))
        record = impatient.record(name)
    assert (record.disconnected, record.upstream_cancels) == ("stuck", 1)
    assert impatient.engine.given < len(endless) // 2


def test_a_client_that_reads_nothing_is_given_up_while_the_engine_is_silent():
    hold = Hold()
    script = [*chunks_of(ANSWER)[:-3], Chunk((72_056,) * 80_000), hold]  # 10 MB of blanks
    patience = {"keepalive_seconds": 0.05, "write_seconds": 0.2}
    with running(ScriptedEngine(script), **patience) as gateway, connected(gateway) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request_bytes("/v1/chat/completions", stream=True, user="silent"))
        assert hold.reached.wait(PATIENCE)
        record = ended(gateway, "silent")
        gateway.ask(until(lambda: gateway.connections == 0))
    assert (record.disconnected, record.upstream_cancels) == ("stuck", 1)


def test_a_client_that_leaves_while_it_waits_for_its_turn_is_forgotten(gateway):
    holds = [gateway.service.admission.slot() for _ in range(256)]
    for hold in holds:
        gateway.ask(hold.__aenter__())
    with connected(gateway) as client:
        client.sendall(request_bytes("/v1/responses", user="queued"))
        gateway.ask(until(lambda: gateway.service.admission.waiting == 1))
    record = gateway.record("queued")
    for hold in holds:
        gateway.ask(hold.__aexit__(None, None, None))
    assert (record.disconnected, gateway.engine.requests) == ("queued", [])


async def until(claim):
    """Run the gateway's other tasks until a condition holds."""
    while not claim():  # noqa: ASYNC110  (there is no event for what is looked at)
        await asyncio.sleep(0)


@pytest.mark.parametrize("path", ROUTES)
def test_a_body_that_does_not_come_is_a_408(path):
    with running(receive_seconds=0.2) as gateway, connected(gateway) as client:
        client.sendall(request_bytes(path)[:-5])
        answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"request_timeout"' in answer


def test_the_body_is_cut_off_where_it_gets_too_large():
    with running(body_bytes=1000) as gateway:
        pieces = iter([b"x" * 600] * 10)
        answer = gateway.client.post(
            ROUTES[0], content=pieces, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, error_of(answer)["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_a_client_that_does_not_finish_its_headers_is_given_up(sent):
    with running(receive_seconds=0.1) as gateway, connected(gateway) as client:
        client.sendall(sent)
        assert client.recv(65_536).startswith(b"HTTP/1.1 408")
        assert client.recv(65_536) == b""


def test_headers_that_do_not_end_are_cut_off(gateway):
    with connected(gateway) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 40_000)
        assert client.recv(65_536).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_is_told_in_the_same_shape(gateway, sent):
    with connected(gateway) as client:
        client.sendall(sent)
        head, _, body = client.recv(65_536).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["error"]["code"] == "invalid_http"


def test_a_connection_serves_one_request_after_another(gateway):
    ids = [
        gateway.client.post(path, json=BODIES[path]).headers["x-request-id"]
        for path in ROUTES
        for _ in range(3)
    ]
    assert len(set(ids)) == 9
