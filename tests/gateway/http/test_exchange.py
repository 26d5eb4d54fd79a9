"""One request and its answer, as the application sees them and as they are written."""

from __future__ import annotations

import asyncio

import pytest

from harmonium.gateway.http.exchange import Exchange, response_head
from harmonium.gateway.http.request_head import parse_head

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
START = {"type": "http.response.start", "status": 200, "headers": []}


def body(data, *, more=False):
    return {"type": "http.response.body", "body": data, "more_body": more}


class Wire:
    """A connection that keeps what is written, and the calls it gets."""

    def __init__(self):
        self.writes = []
        self.calls = []
        self.is_write_paused = False

    def write(self, data):
        self.writes.append(data)

    async def wait_writable(self):
        self.calls.append("wait")
        self.is_write_paused = False

    def on_body_taken(self):
        self.calls.append("taken")

    def on_answer_end(self):
        self.calls.append("end")

    def abort(self):
        self.calls.append("abort")


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def exchange(wire):
    return an_exchange(wire)


def an_exchange(wire, request=GET, *, received=True):
    exchange = Exchange(parse_head(request, 1_000), wire, [])
    if received:
        exchange.on_body(b"", is_last=True)
    return exchange


def sent(exchange, *messages):
    async def send_all():
        for message in messages:
            await exchange.send(message)

    asyncio.run(send_all())


def test_the_head_goes_out_with_the_first_piece(wire, exchange):
    sent(exchange, START)
    assert wire.writes == []
    exchange.write_body(b"first")
    exchange.write_body(b"second")
    assert wire.writes == [HEAD + b"5\r\nfirst\r\n", b"6\r\nsecond\r\n"]


def test_pieces_are_held_for_the_next_and_all_in_order(wire, exchange):
    sent(exchange, START, body(b"first", more=True))
    exchange.buffer_next()
    exchange.write_body(b"last")
    exchange.buffer_next()
    exchange.write_body(b"very last")
    sent(exchange, body(b""))
    assert wire.writes[1:] == [b"4\r\nlast\r\n9\r\nvery last\r\n0\r\n\r\n"]
    assert wire.calls == ["end"]


def test_what_is_held_is_written_when_the_answer_ends(wire, exchange):
    sent(exchange, START, body(b"first", more=True))
    exchange.buffer_next()
    sent(exchange, body(b"last"))
    assert wire.writes[1:] == [b"4\r\nlast\r\n0\r\n\r\n"]


def shut(exchange, wire, why):
    match why:
        case "slow":
            wire.is_write_paused = True
        case "gone":
            exchange.on_gone()
        case "complete":
            sent(exchange, body(b""))


@pytest.mark.parametrize("why", ["slow", "gone", "complete"])
def test_an_outlet_is_shut_where_no_chunk_can_be_written(wire, exchange, why):
    assert not exchange.can_write()
    sent(exchange, START)
    assert exchange.can_write()
    shut(exchange, wire, why)
    assert not exchange.can_write()


@pytest.mark.parametrize(
    ("request_bytes", "headers"),
    [(GET, [(b"content-length", b"5")]), (b"GET / HTTP/1.0\r\n\r\n", []),
     (GET.replace(b"GET", b"HEAD"), [])],
)  # fmt: skip
def test_an_outlet_of_an_answer_without_chunks_is_shut(wire, request_bytes, headers):
    exchange = an_exchange(wire, request_bytes)
    sent(exchange, START | {"headers": headers})
    assert not exchange.can_write()


def test_a_client_that_does_not_read_is_waited_for(wire, exchange):
    wire.is_write_paused = True
    sent(exchange, START)
    assert wire.calls == ["wait"]


@pytest.mark.parametrize("size", [b"4", b"6"])
def test_an_answer_of_another_length_than_it_says_is_a_fault(exchange, size):
    start = START | {"headers": [(b"content-length", size)]}
    with pytest.raises(RuntimeError, match="content-length"):
        sent(exchange, start, body(b"12345"))


@pytest.mark.parametrize("messages", [[body(b"x")], [START, START], [START, body(b""), body(b"")]])
def test_an_answer_out_of_order_is_a_fault(exchange, messages):
    with pytest.raises(RuntimeError, match="wrong place"):
        sent(exchange, *messages)


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b"])
def test_a_header_of_several_lines_is_a_fault(value):
    with pytest.raises(ValueError, match="line end"):
        response_head(200, [(b"x-a", value)])


def test_nothing_is_written_for_a_client_that_has_gone(wire, exchange):
    exchange.on_gone()
    sent(exchange, START, body(b"x"))
    assert wire.writes == []


async def _fails(*_):
    message = "secret"
    raise ZeroDivisionError(message)


async def _says_nothing(*_):
    pass


async def _fails_late(_, __, send):
    await send(START)
    await send(body(b"x", more=True))
    raise ZeroDivisionError


@pytest.mark.parametrize("app", [_fails, _says_nothing])
def test_an_application_that_gives_no_answer_is_an_error_for_the_client(wire, exchange, app):
    asyncio.run(exchange.run(app, {}))
    assert wire.writes[0].startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"secret" not in wire.writes[0]
    assert (wire.calls, exchange.is_persistent) == (["end"], False)


def test_an_answer_that_breaks_off_is_seen_to(wire, exchange):
    asyncio.run(exchange.run(_fails_late, {}))
    assert wire.writes == [HEAD + b"1\r\nx\r\n"]
    assert wire.calls == ["abort"]


def test_a_body_is_given_as_it_came_and_then_its_end(wire):
    exchange = an_exchange(wire, received=False)

    async def read():
        exchange.on_body(b"one", is_last=False)
        exchange.on_body(b"two", is_last=False)
        first = await exchange.receive()
        exchange.on_body(b"", is_last=True)
        second = await exchange.receive()
        exchange.on_gone()
        return first, second, await exchange.receive()

    first, second, third = asyncio.run(read())
    assert first == {"type": "http.request", "body": b"onetwo", "more_body": True}
    assert second == {"type": "http.request", "body": b"", "more_body": False}
    assert third == {"type": "http.disconnect"}


def test_an_answer_before_the_end_of_the_body_closes_the_connection(wire):
    exchange = an_exchange(wire, received=False)
    sent(exchange, START | {"headers": [(b"content-length", b"0")]}, body(b""))
    assert wire.writes == [b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"]
    assert not exchange.is_persistent
