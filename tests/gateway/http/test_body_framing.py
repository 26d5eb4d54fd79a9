"""Chunked bodies as others read them: llhttp and h11 see the same body, cut in any way."""

from __future__ import annotations

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.errors import HarmoniumError
from harmonium.gateway.http.body_framing import ChunkedDecoder, LengthDecoder

HEAD = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
BEHIND = b"GET / HTTP/1.1\r\n"
SIZES = st.lists(st.integers(1, 40), max_size=30)

PIECES = st.lists(st.binary(min_size=1, max_size=30), max_size=12)
EXTENSIONS = st.sampled_from([b"", b"", b"", b";a", b";a=b", b';a="b;c"', b"; a = b"])
TRAILERS = st.lists(st.sampled_from([b"x-a: b\r\n", b"etag:\r\n", b"x-c: \xe9\t \r\n"]), max_size=3)


@st.composite
def bodies(draw):
    """A well-formed chunked body, and what it says."""
    pieces = draw(PIECES)
    chunks = [b"%x%b\r\n%b\r\n" % (len(piece), draw(EXTENSIONS), piece) for piece in pieces]
    return b"".join([*chunks, b"0\r\n", *draw(TRAILERS), b"\r\n"]), b"".join(pieces)


@given(pieces=PIECES, trailers=TRAILERS)
def test_a_plain_body_is_what_others_read(pieces, trailers):
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    sent = b"".join([*chunks, b"0\r\n", *trailers, b"\r\n"])
    ours, _, _ = decoded(ChunkedDecoder(1000), [sent])
    assert {by_llhttp(sent), by_h11(sent)} == {ours}


def cut(data, sizes):
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


def decoded(decoder, parts):
    """The body, and what was left behind its end; None for what is refused."""
    found, rest = [], b""
    try:
        for part in parts:
            body, more = (b"", part) if decoder.is_complete else decoder.feed(part)
            found.append(body)
            rest += more
    except HarmoniumError:
        return None
    return b"".join(found), rest, decoder.is_complete


@given(body=bodies(), sizes=SIZES)
def test_a_chunked_body_is_read_in_any_cut(body, sizes):
    sent, said = body
    assert decoded(ChunkedDecoder(1000), cut(sent + BEHIND, sizes)) == (said, BEHIND, True)


@given(length=st.integers(0, 100), data=st.binary(max_size=100), sizes=SIZES)
def test_a_body_of_a_length_is_read_in_any_cut(length, data, sizes):
    expected = data[:length], data[length:], len(data) >= length
    assert decoded(LengthDecoder(length), cut(data, sizes)) == expected


def by_llhttp(data):
    """What llhttp takes for the body; None for what it refuses or does not see the end of."""
    found = []

    class Sink:
        is_complete = False

        def on_body(self, body):
            found.append(body)

        def on_message_complete(self):
            self.is_complete = True

    sink = Sink()
    try:
        httptools.HttpRequestParser(sink).feed_data(HEAD + data)
    except httptools.HttpParserError:
        return None
    return b"".join(found) if sink.is_complete else None


def by_h11(data):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(HEAD + data)
    found = []
    try:
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.EndOfMessage):
                return b"".join(found)
            if isinstance(event, h11.Data):
                found.append(event.data)
    except h11.RemoteProtocolError:
        pass
    return None


DAMAGE = st.sampled_from([b"\r", b"\n", b"\r\n", b" ", b";", b"0", b"f", b"g", b":", b"\0", b"-"])


@given(body=bodies(), place=st.integers(0, 400), new=DAMAGE, removed=st.integers(0, 2), sizes=SIZES)
def test_what_is_read_of_a_damaged_body_is_what_others_read(body, place, new, removed, sizes):
    """One may refuse what another takes, but none reads something else."""
    sent, _ = body
    place %= len(sent) + 1
    damaged = sent[:place] + new + sent[place + removed :]
    ours = decoded(ChunkedDecoder(1000), cut(damaged, sizes))
    if ours is not None and ours[2]:
        end = len(damaged) - len(ours[1])
        assert {by_llhttp(damaged[:end]), by_h11(damaged[:end])} <= {None, ours[0]}


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    assert decoded(ChunkedDecoder(100), [data]) == decoded(
        ChunkedDecoder(100), (data[at : at + 1] for at in range(len(data)))
    )


def fed(decoder, data, step):
    for at in range(0, len(data), step):
        decoder.feed(data[at : at + step])


@pytest.mark.parametrize("step", [1, 1000])
def test_trailers_are_bounded(step):
    trailers = b"0\r\n" + b"x-a: b\r\n" * 200
    with pytest.raises(HarmoniumError) as caught:
        fed(ChunkedDecoder(1000), trailers, step)
    assert caught.value.code == "headers_too_large"
