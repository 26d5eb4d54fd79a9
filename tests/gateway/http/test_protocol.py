"""A connection without a network: whatever bytes come, however cut, the same is answered."""

from __future__ import annotations

import asyncio
import re

from hypothesis import given
from hypothesis import strategies as st

from harmonium.gateway import Settings
from harmonium.gateway.http.protocol import MAX_SLICE_BYTES, MAX_UNREAD_BYTES, HttpConnection
from harmonium.gateway.observability.open_files import OpenFilesWarning

_REQUEST_ID = re.compile(rb"req_[0-9a-f]{32}")
SETTINGS = Settings(header_bytes=400)


class State:
    def __init__(self):
        self.connections, self.tasks = set(), set()
        self.total_requests, self.default_headers = 0, []


class Config:
    settings = SETTINGS
    open_files = OpenFilesWarning(lambda: 0.0)

    def __init__(self, app):
        self.loaded_app = app


class Transport(asyncio.Transport):
    """The side of the network: what is written, whether reading is paused, how it ended."""

    def __init__(self):
        super().__init__()
        self.written = b""
        self.is_reading, self.is_closed = True, False
        self.protocol = None

    def write(self, data):
        assert not self.is_closed
        self.written += data

    def write_eof(self):
        pass

    def can_write_eof(self):
        return True

    def get_write_buffer_size(self):
        return 0

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True

    def is_closing(self):
        return self.is_closed

    def close(self):
        if not self.is_closed:
            self.is_closed = True
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close


async def echo(scope, receive, send):
    """Answer with what was asked: method, path and body."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    said = b"%b %b %b" % (scope["method"].encode(), scope["raw_path"], body)
    headers = [(b"content-length", b"%d" % len(said))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


async def settled(state):
    """Run the loop until nothing is left to do at once."""
    for _ in range(20):
        await asyncio.sleep(0)
    while state.tasks:
        before = len(state.tasks)
        await asyncio.sleep(0)
        if len(state.tasks) == before and all(not task.done() for task in state.tasks):
            break


def connected(app=echo):
    state, transport = State(), Transport()
    connection = transport.protocol = HttpConnection(Config(app), state, {})
    connection.connection_made(transport)
    return connection, transport, state


def spoken(parts, *, pause):
    """What a connection writes when these parts come, one after another; and whether it closed."""

    async def speak():
        connection, transport, state = connected()
        for part in parts:
            if transport.is_closed or not part:
                break
            connection.data_received(part)
            for _ in range(pause):
                await asyncio.sleep(0)
        await settled(state)
        written = transport.written
        transport.close()
        await settled(state)
        assert (state.connections, state.tasks) == (set(), set())
        return _REQUEST_ID.sub(b"req_new", written)

    return asyncio.run(speak())


CHUNKED = b"POST /d HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
HEADS = st.sampled_from(
    [
        b"GET /a HTTP/1.1\r\nhost: a\r\n\r\n",
        b"\r\nHEAD /b HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /c HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello",
        CHUNKED + b"3\r\nabc\r\n2;x\r\nde\r\n0\r\nx: y\r\n\r\n",
        b"GET /e HTTP/1.1\r\nhost: a\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n",
        b"GET /f HTTP/1.0\r\n\r\n",
        b"GET /g HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        b"POST /h HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET /i HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 500 + b"\r\n\r\n",
    ]
)
CUTS = st.lists(st.integers(1, 60), max_size=12)


def cut(data, sizes):
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


@given(heads=st.lists(HEADS, max_size=5), sizes=CUTS, pause=st.sampled_from([0, 1, 30]))
def test_requests_are_answered_alike_however_they_are_cut(heads, sizes, pause):
    data = b"".join(heads)
    assert spoken(cut(data, sizes), pause=pause) == spoken([data], pause=0)


@given(
    heads=st.lists(HEADS, min_size=1, max_size=4),
    place=st.integers(0, 300),
    new=st.binary(max_size=3),
    sizes=CUTS,
)
def test_damaged_requests_are_answered_alike_however_they_are_cut(heads, place, new, sizes):
    data = b"".join(heads)
    place %= len(data) + 1
    damaged = data[:place] + new + data[place + 1 :]
    whole = spoken([damaged], pause=0)
    assert statuses(spoken(cut(damaged, sizes), pause=30)) == statuses(whole)


def statuses(written):
    return [line[:3] for line in written.split(b"HTTP/1.1 ") if line]


CHUNKS = CHUNKED + b"1\r\nx\r\n" * 40_000


def test_many_small_chunks_are_decoded_in_slices():
    """Forty thousand chunks in one segment, with the work of others in between."""

    async def sliced():
        connection, transport, state = connected()
        connection.data_received(CHUNKS)
        others, most = 0, 0
        exchange = connection._exchange  # noqa: SLF001  (what has been decoded so far)
        while not transport.is_reading:
            before = exchange.unread_bytes
            await asyncio.sleep(0)
            others += 1
            most = max(most, exchange.unread_bytes - before)
        connection.data_received(b"0\r\n\r\n")
        await settled(state)
        return others, most, transport.written

    others, most, written = asyncio.run(sliced())
    assert others >= len(CHUNKS) // MAX_SLICE_BYTES
    assert most <= MAX_SLICE_BYTES // 6 + 1
    assert written.endswith(b"POST /d " + b"x" * 40_000)


async def reads_nothing(*_):
    await asyncio.Event().wait()


def test_a_body_that_is_not_taken_is_not_read():
    async def untaken():
        connection, transport, state = connected(reads_nothing)
        connection.data_received(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 999999\r\n\r\n")
        sent = 0
        while transport.is_reading:
            connection.data_received(b"x" * 1000)
            await asyncio.sleep(0)
            sent += 1000
        for task in list(state.tasks):
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return sent

    assert MAX_UNREAD_BYTES < asyncio.run(untaken()) <= MAX_UNREAD_BYTES + 2_000
