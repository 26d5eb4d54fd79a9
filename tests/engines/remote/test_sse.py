"""However bytes are cut, the payloads are the same; sizes are bounded, and so is the work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines.remote.sse import LineDecoder, SSEDecoder
from harmonium.errors import EngineProtocolError
from tests.growth import grows_linearly

WILD = st.lists(
    st.sampled_from([b"data: ", b"data:", b"\n", b"\r\n", b"\n\n", b": ping", b"event: x", b"{}"])
    | st.binary(max_size=4),
    max_size=30,
).map(b"".join)


def payloads(frames, pieces):
    return [payload for piece in pieces for payload in frames.feed(piece)]


def cut(data, places):
    ends = [*sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("kind", [SSEDecoder, LineDecoder])
@given(data=WILD, places=st.lists(st.integers(0, 300), max_size=8))
def test_payloads_are_the_same_however_the_bytes_are_cut(kind, data, places):
    assert payloads(kind(999), cut(data, places)) == payloads(kind(999), [data])


USUAL = st.lists(
    st.sampled_from([b"data: ", b"data: {}\n\n", b"\n\n", b"\n", b"\r", b"x"]), max_size=9
).map(b"".join)


@given(USUAL)
def test_whole_events_read_at_once_are_those_read_byte_by_byte(data):
    bytewise = [data[at : at + 1] for at in range(len(data))]
    expected = payloads(SSEDecoder(999), bytewise)
    assert SSEDecoder(999).feed(data) == expected


@given(begun=USUAL, data=USUAL)
def test_whole_events_behind_a_beginning_are_those_read_byte_by_byte(begun, data):
    decoder, bytewise = SSEDecoder(999), SSEDecoder(999)
    decoder.feed(begun)
    bytewise.feed(begun)
    expected = payloads(bytewise, [data[at : at + 1] for at in range(len(data))])
    assert decoder.feed(data) == expected
    assert decoder.feed(b"\n\ndata: y\n\n") == bytewise.feed(b"\n\ndata: y\n\n")


def test_whole_events_over_the_limit_are_refused():
    assert SSEDecoder(10).feed(b"data: 1234\n\n") == [b"1234"]
    with pytest.raises(EngineProtocolError):
        SSEDecoder(10).feed(b"data: 12345\n\n")


@given(st.lists(st.text("ab{}: \u00e9", min_size=1).map(str.encode), max_size=6))
def test_events_give_back_the_data_that_was_sent(sent):
    stream = b"".join(b"data: " + data + b"\n\n" for data in sent)
    assert SSEDecoder(999).feed(stream) == sent


def test_data_on_several_lines_is_one_payload():
    assert SSEDecoder(99).feed(b"data: a\ndata: b\r\n\r\n") == [b"a\nb"]


def test_comments_and_other_fields_are_passed_over():
    assert SSEDecoder(99).feed(b": hello\n\nevent: x\nid: 7\nretry: 1\ndata:y\n\n\n") == [b"y"]


@pytest.mark.parametrize("kind", [SSEDecoder, LineDecoder])
@pytest.mark.parametrize("pieces", [[b"x" * 11], [b"x" * 6] * 2, [b"x" * 11 + b"\n"]], ids=len)
def test_a_line_over_the_limit_is_refused(kind, pieces):
    with pytest.raises(EngineProtocolError):
        payloads(kind(10), pieces)


def test_an_event_of_many_lines_over_the_limit_is_refused():
    with pytest.raises(EngineProtocolError):
        SSEDecoder(10).feed(b"data: 1234\n" * 3)


@pytest.mark.parametrize("kind", [SSEDecoder, LineDecoder])
def test_long_lines_in_small_pieces_take_linear_time(kind):
    def run(size):
        payloads(kind(10**9), [b"data: "] + [b"xy"] * size + [b"\n\n"])

    assert grows_linearly(run, 8_000)
