"""Several requests on one connection: in order, one at a time, never mixed; and clients that go."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

from tests.gateway.http.wire import connected, get, names_of, post
from tests.gateway.running import CHAT, running
from tests.gateway.scripted import ANSWER, Hold, ScriptedEngine, chunks_of

PATH = "/v1/chat/completions"
STREAM = json.dumps(CHAT | {"stream": True}).encode()
WHOLE = json.dumps(CHAT).encode()


def test_requests_sent_at_once_are_answered_in_their_order(gateway):
    names = [f"in-order-{n}" for n in range(20)]
    with connected(gateway) as wire:
        wire.send(*(post(PATH, body=WHOLE, name=name) for name in names))
        answers = [wire.answer() for _ in names]
    assert [answer.headers["x-request-id"] for answer in answers] == names
    assert {answer.status for answer in answers} == {200}


def test_one_request_of_a_connection_is_served_at_a_time(gateway):
    hold = Hold()
    gateway.play(script=[*chunks_of(ANSWER)[:5], hold, *chunks_of(ANSWER)[5:]])
    with connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM), post(PATH, body=WHOLE, name="second"))
        assert hold.reached.wait(20)
        assert gateway.engine.open == 1
        gateway.play(ANSWER)
        hold.release()
        first, second = wire.answer(), wire.answer()
    assert first.content.endswith(b"data: [DONE]\n\n")
    assert second.headers["x-request-id"] == "second"


def test_the_beginning_of_a_request_writes_nothing_into_a_running_answer():
    hold = Hold()
    engine = ScriptedEngine([*chunks_of(ANSWER)[:9], hold, *chunks_of(ANSWER)[9:]])
    with running(engine, receive_seconds=0.1) as gateway, connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM), get(name="second")[:20])
        assert hold.reached.wait(20)
        gateway.ask(asyncio.sleep(0.3))  # longer than the rest of the headers may take
        hold.release()
        answer = wire.answer()
        assert wire.rest() == b""
    assert answer.content.endswith(b"data: [DONE]\n\n")
    assert answer.content.count(b"data: ") == answer.content.count(b"\n\n")


def test_a_request_that_began_during_an_answer_is_served_after_it(gateway):
    hold = Hold()
    gateway.play(script=[*chunks_of(ANSWER)[:9], hold, *chunks_of(ANSWER)[9:]])
    second = get(name="second")
    with connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM), second[:20])
        assert hold.reached.wait(20)
        wire.send(second[20:30])
        hold.release()
        assert wire.answer().status == 200
        wire.send(second[30:])
        assert wire.answer().headers["x-request-id"] == "second"


@pytest.mark.parametrize(
    "behind",
    [
        b"",
        b"\r\n\r\n",
        get(name="gone")[:20],
        get(name="gone"),
        get(name="gone") * 50,
        get(name="gone") * 20_000,
        b"\0" * 1_000_000,
    ],
    ids=["nothing", "empty lines", "half a request", "a request", "fifty", "2 MB", "1 MB of zeros"],
)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_leaves_is_seen_whatever_it_has_sent(gateway, behind, stream, reset):
    hold = Hold()
    gateway.play(script=[*chunks_of(ANSWER)[:9], hold])
    gateway.watching.records.clear()
    body = STREAM if stream else WHOLE
    with connected(gateway) as wire:
        if reset:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        wire.send(post(PATH, body=body, name="left"))
        assert hold.reached.wait(20)
        wire.send(behind)
    record = gateway.record("left")
    assert (record.disconnected, record.upstream_cancels) == (
        "streaming" if stream else "generating", 1,
    )  # fmt: skip
    assert "gone" not in names_of(gateway)


def test_what_is_sent_behind_a_request_is_bounded(gateway):
    """The answer comes whole; then the connection ends, for what was behind it is gone."""
    hold = Hold()
    gateway.play(script=[*chunks_of(ANSWER)[:9], hold, *chunks_of(ANSWER)[9:]])
    with connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM))
        assert hold.reached.wait(20)
        wire.send(get(name="too-many") * 20_000)
        hold.release()
        assert wire.answer().content.endswith(b"data: [DONE]\n\n")
        assert wire.rest() == b""
    assert "too-many" not in names_of(gateway)


@pytest.mark.parametrize(
    "headers",
    [("Connection: close",), ("connection: Keep-Alive, Close",), ("Connection:close ,x",),
     ("Connection: close", "Connection: keep-alive"),
     ("Connection: x", "Connection:  CLOSE ")],
)  # fmt: skip
def test_nothing_is_answered_behind_a_request_to_close(gateway, headers):
    with connected(gateway) as wire:
        wire.send(get("/health/live", *headers), get(name="unanswered"))
        assert wire.answer().headers["connection"] == "close"
        assert wire.rest() == b""
    assert "unanswered" not in names_of(gateway)


def test_a_malformed_request_behind_a_good_one_is_refused_after_its_answer(gateway):
    with connected(gateway) as wire:
        wire.send(post(PATH, body=STREAM), b"nonsense\r\n\r\n")
        assert wire.answer().content.endswith(b"data: [DONE]\n\n")
        assert wire.answer().status == 400
        assert wire.rest() == b""


@pytest.mark.parametrize("header", ["Connection: keep-alive", "Connection: closed", "X: close"])
def test_a_connection_goes_on_unless_the_client_ends_it(gateway, header):
    with connected(gateway) as wire:
        wire.send(get("/health/live", header), get(name="second"))
        assert [wire.answer().status for _ in range(2)] == [200, 200]
