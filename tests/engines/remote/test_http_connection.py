"""However an answer's bytes are cut, its body is the same; ends, bounds and faults are kept."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines.remote.http_connection import (
    ClientConnection,
    ConnectionBrokenError,
    InvalidResponseError,
)

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BODIES = {
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n6\r\n there\r\n0\r\n\r\n",
    "trailers": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\nb;a=b\r\nHello there\r\n0\r\nX: 1\r\n\r\n",
    "length": HEAD + b"Content-Length: 11\r\n\r\nHello there",
    "until close": HEAD + b"\r\nHello there",
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 11\r\n\r\nHello there",
}


class Wire(asyncio.Transport):
    """Keeps what is written, and whether it is read."""

    def __init__(self):
        super().__init__()
        self.written = b""
        self.is_reading = True
        self.is_aborted = self.is_closed = False

    def write(self, data):
        self.written += data

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True

    def abort(self):
        self.is_aborted = True

    def close(self):
        self.is_closed = True


class Talk:
    """One exchange over a wire."""

    def __init__(self):
        self.idle = []
        self.wire = Wire()
        self.connection = ClientConnection(self.idle.append)
        self.connection.connection_made(self.wire)
        self.response = self.connection.send(b"GET / HTTP/1.1\r\n\r\n")

    def receive(self, data):
        self.connection.data_received(data)

    def end(self, error=None):
        self.connection.connection_lost(error)


async def whole_body(response):
    body = b""
    while piece := await response.read():
        body += piece
    return body


async def _read(data, cuts, *, closes):
    talk = Talk()
    reading = asyncio.create_task(whole_body(talk.response))
    ends = [*sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    for begin, end in zip([0, *ends], ends, strict=False):
        if begin < end:
            talk.receive(data[begin:end])
            await asyncio.sleep(0)
    if closes:
        talk.end()
    return await reading, talk


@pytest.mark.parametrize("kind", BODIES)
@given(cuts=st.lists(st.integers(0, 300), max_size=9))
def test_the_body_is_the_same_however_the_bytes_are_cut(kind, cuts):
    body, talk = asyncio.run(_read(BODIES[kind], cuts, closes=kind == "until close"))
    assert body == b"Hello there"
    assert talk.response.is_complete
    assert talk.response.headers["content-type"] == "text/event-stream"
    assert talk.idle == ([] if kind == "until close" else [talk.connection])


@pytest.mark.parametrize("kind", ["chunks", "length"])
@given(place=st.integers(1, 60))
def test_an_answer_that_is_cut_off_is_broken(kind, place):
    async def read():
        with pytest.raises(ConnectionBrokenError):
            await _read(BODIES[kind][: -min(place, len(BODIES[kind]) - 1)], (), closes=True)

    asyncio.run(read())


async def test_what_one_read_brings_is_one_piece_for_the_reader():
    talk, pieces = Talk(), []

    def receive(piece):
        pieces.append(piece)
        return True

    talk.receive(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    reading = asyncio.create_task(talk.response.read(receive))
    await asyncio.sleep(0)
    talk.receive(b"2\r\nab\r\n2\r\ncd\r\n")
    talk.receive(b"1\r\ne\r\n")
    assert pieces == [b"abcd", b"e"]
    talk.receive(b"0\r\n\r\n")
    assert await reading == b""


async def test_a_piece_that_the_reader_refuses_wakes_the_task_and_later_ones_wait():
    talk = Talk()
    talk.receive(HEAD + b"Content-Length: 4\r\n\r\n")
    reading = asyncio.create_task(talk.response.read(lambda _: False))
    await asyncio.sleep(0)
    talk.receive(b"ab")
    talk.receive(b"cd")
    assert (await reading, await talk.response.read(), await talk.response.read()) == (
        b"ab", b"cd", b"",
    )  # fmt: skip


async def test_what_the_reader_raises_reaches_the_task():
    talk = Talk()
    talk.receive(HEAD + b"Content-Length: 4\r\n\r\n")

    def breaks(_):
        raise ArithmeticError

    reading = asyncio.create_task(talk.response.read(breaks))
    await asyncio.sleep(0)
    talk.receive(b"ab")
    with pytest.raises(ArithmeticError):
        await reading


async def test_a_slow_reader_stops_the_reading_of_the_socket():
    talk = Talk()
    talk.receive(HEAD + b"Content-Length: 900000\r\n\r\n")
    talk.receive(b"a" * 200_000)
    assert talk.wire.is_reading
    talk.receive(b"b" * 100_000)
    assert not talk.wire.is_reading
    assert len(await talk.response.read()) == 300_000
    assert talk.wire.is_reading


async def test_an_answer_that_is_given_up_closes_its_connection():
    talk = Talk()
    talk.receive(HEAD + b"Content-Length: 4\r\n\r\nab")
    talk.response.close()
    assert talk.wire.is_aborted
    assert talk.idle == []


async def test_an_answer_whose_end_is_not_waited_for_frees_its_connection():
    talk, ended = Talk(), []
    talk.receive(HEAD + b"Content-Length: 4\r\n\r\nab")
    talk.response.on_end(lambda: ended.append(True))
    assert ended == []
    talk.receive(b"cd")
    assert (ended, talk.idle) == ([True], [talk.connection])


@pytest.mark.parametrize(
    "data",
    [
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"X: " + b"a" * 70_000,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
    ],
    ids=range(7),
)
async def test_what_is_no_http_or_too_large_is_refused(data):
    talk = Talk()
    for at in range(0, len(data), 50_000):
        talk.receive(data[at : at + 50_000])
    with pytest.raises(InvalidResponseError):
        await whole_body(talk.response)
    assert talk.wire.is_aborted


async def test_a_large_body_in_the_read_of_the_head_is_no_large_head():
    talk = Talk()
    talk.receive(HEAD + b"Content-Length: 100000\r\n\r\n" + b"a" * 100_000)
    assert len(await whole_body(talk.response)) == 100_000


async def test_bytes_that_nobody_asked_for_close_the_connection():
    talk = Talk()
    talk.receive(BODIES["length"])
    talk.receive(b"HTTP/1.1 200 OK\r\n\r\n")
    assert talk.wire.is_aborted


async def test_a_server_that_closes_behind_its_answer_is_not_asked_again():
    talk = Talk()
    talk.receive(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nab")
    assert (await whole_body(talk.response), talk.idle, talk.wire.is_closed) == (b"ab", [], True)
