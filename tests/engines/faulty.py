"""A transport that spoils an answer by a plan: the same plan spoils it in the same way each time.

The plan says where the bytes of an answer are cut into pieces, and at most one fault at one byte.
Faults that only lose the rest are `ENDINGS`; those that change what is said are `CORRUPTIONS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

ENDINGS = ("close", "reset", "finish", "bad_chunk")
CORRUPTIONS = ("garbage", "zero", "drop", "repeat", "newlines", "flip")
BEFORE_HEADERS = ("hang_up", "no_http", "endless_header", "two_lengths", "teapot")


@dataclass(frozen=True)
class Plan:
    """What happens to one answer.

    Args:
        cuts: places at which its bytes are cut into pieces.
        fault: what happens at `place`; None for nothing.
        place: a byte of the answer; one behind its end is its end.

    """

    cuts: tuple[int, ...] = ()
    fault: str | None = None
    place: int = 0


def plans(faults) -> st.SearchStrategy[Plan]:
    places = st.integers(0, 3_000)
    return st.builds(Plan, st.lists(places, max_size=6).map(tuple), st.sampled_from(faults), places)


def spoil(data: bytes, plan: Plan) -> Iterator[bytes | str]:
    """The pieces to send, and at last the word for how the connection goes on."""
    place = min(plan.place, len(data))
    if plan.fault in ENDINGS:
        data = data[:place]
    elif plan.fault in CORRUPTIONS:
        data = data[:place] + _corrupted(plan.fault, data[place:])
    cuts = sorted({0, len(data), *(min(cut, len(data)) for cut in plan.cuts)})
    yield from (data[begin:end] for begin, end in pairwise(cuts))
    yield plan.fault if plan.fault in ENDINGS else "finish"


def _corrupted(fault: str, rest: bytes) -> bytes:
    return {
        "garbage": b"\xff{]}" + rest,
        "zero": b"\0" * 9 + rest,
        "drop": rest[7:],
        "repeat": rest[:40] + rest,
        "newlines": b"\r\n\n\r" + rest,
        "flip": bytes(byte ^ 0x20 for byte in rest[:3]) + rest[3:],
    }[fault]


def spoiled(frames: list[bytes], plan: Plan):
    """A handler that sends an answer as the plan wants."""

    async def handler(_request, wire):
        if plan.fault in BEFORE_HEADERS:
            await _instead_of_headers(wire, plan.fault)
            return
        await wire.begin()
        for step in spoil(b"".join(frames), plan):
            if isinstance(step, bytes):
                await wire.send(step)
            else:
                await _end(wire, step)

    return handler


async def _end(wire, word: str) -> None:
    if word == "finish":
        await wire.end()
    elif word == "bad_chunk":
        await wire.raw(b"zz\r\nnot the size of anything\r\n")
        wire.close()
    elif word == "close":
        wire.close()
    else:
        wire.die()


async def _instead_of_headers(wire, fault: str) -> None:
    words = {
        "hang_up": b"",
        "no_http": b"220 mail.example.com ESMTP\r\n\r\n",
        "endless_header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        "teapot": b"HTTP/1.1 418 No\r\nContent-Length: 99\r\n\r\nshort",
    }[fault]
    await wire.raw(words)
    wire.close()
