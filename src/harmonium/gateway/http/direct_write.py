"""The fast path of streamed text: from token ids to the client in one call.

What the ids mean is the parser's, what a frame looks like the API's, and whether the client can
take one the connection's; here they only meet. Ids that are more than text go the ordinary way.
"""

from __future__ import annotations

from collections.abc import Callable

from harmonium.gateway.generation.decoders import TakeText
from harmonium.gateway.generation.runner import EngineClock, Outlet
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.parse import ContentDelta


class TextSayer:
    """Writer of ids that are plain text of an open message.

    Args:
        take_text: reads the ids.
        frame_of: writes the text as a frame of the stream; empty for text that is hidden.
        outlet: takes the frames. While it is not open nothing is said, so that a client that reads
            slowly slows the engine.
        clock: told of the engine's time and the client's, as by what goes the ordinary way.
        record: what is remembered of the request.

    """

    __slots__ = ("_clock", "_frame_of", "_is_open", "_now", "_record", "_say", "_take_text")

    def __init__(
        self,
        take_text: TakeText,
        frame_of: Callable[[ContentDelta], bytes],
        outlet: Outlet,
        clock: EngineClock,
        record: RequestRecord,
    ) -> None:
        self._take_text = take_text
        self._frame_of = frame_of
        self._is_open, self._say = outlet.is_open, outlet.say
        self._clock = clock
        self._now = clock.now
        self._record = record

    def take(self, ids: tuple[int, ...]) -> bool:
        """Write ids if they are plain text and the client can receive it; return whether so."""
        if not self._is_open():
            return False
        came = self._now()
        delta = self._take_text(ids)
        if delta is None:
            return False
        frame = self._frame_of(delta)
        record, clock = self._record, self._clock
        since = clock.waiting_since
        record.on_engine_wait(since, came)
        record.on_tokens(len(ids))
        if frame:
            self._say(frame)
            clock.waiting_since = clock.last_write = self._now()
        else:
            clock.waiting_since = self._now()
        return True
