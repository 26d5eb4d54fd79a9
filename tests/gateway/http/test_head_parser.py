"""Heads as another parser reads them: what we accept, h11 refuses or understands the same way."""

from __future__ import annotations

import re

import h11
from hypothesis import given
from hypothesis import strategies as st

from harmonium.errors import HarmoniumError
from harmonium.gateway.http.request_head import parse_head

_HOST = re.compile(rb"\Ahttps?://[^/?]+", re.IGNORECASE)
LINES = st.sampled_from(
    [b"content-length: 5", b"transfer-encoding: chunked", b"connection: close", b"x-a:  b \t",
     b"expect: 100-continue", b"Host: b", b"x-b:", b"cookie: \xe9", b"connection: a, b"]
)  # fmt: skip
START = st.sampled_from([b"GET /a?b HTTP/1.1", b"POST /a%62 HTTP/1.1", b"OPTIONS * HTTP/1.1",
                         b"GET http://b:1/c HTTP/1.1", b"GET / HTTP/1.0"])  # fmt: skip
DAMAGE = st.sampled_from([b"", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b",", b"\0", b"#", b"5"])


def by_us(data):
    try:
        return parse_head(data, 1_000)
    except HarmoniumError:
        return None


def by_h11(data):
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    try:
        return connection.next_event()
    except h11.RemoteProtocolError:
        return None


@given(
    start=START,
    lines=st.lists(LINES, max_size=5),
    place=st.integers(0, 300),
    new=DAMAGE,
    removed=st.integers(0, 2),
)
def test_a_head_that_is_accepted_means_the_same_to_others(start, lines, place, new, removed):
    data = b"\r\n".join([start, b"host: localhost", *lines, b"", b""])
    place %= len(data) - 3
    data = data[:place] + new + data[place + removed :]
    data = data[: data.find(b"\r\n\r\n") + 4]
    ours, theirs = by_us(data), by_h11(data)
    if ours is not None and isinstance(theirs, h11.Request):
        assert ours.method.encode() == theirs.method
        assert ours.http_version.encode() == theirs.http_version
        path, _, query = _HOST.sub(b"", theirs.target).partition(b"?")
        assert (path or b"/", query) == (ours.raw_path, ours.query)
        others = [one for one in theirs.headers.raw_items() if one[0].lower() != b"host"]
        assert [one for one in ours.headers if one[0] != b"host"] == [
            (name.lower(), value) for name, value in others
        ]
        assert framing(ours) == framing_of(theirs)


def framing(head):
    return "chunked" if head.content_length is None else head.content_length


def framing_of(request):
    fields = dict(request.headers)
    if fields.get(b"transfer-encoding") == b"chunked":
        return "chunked"
    return int(fields.get(b"content-length", 0))
