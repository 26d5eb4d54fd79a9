"""Decoding of one choice's ids: to parser events, or to plain text; stop strings end both."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import cast

from harmonium.encoding import Encoding
from harmonium.engines import TokenLogprob
from harmonium.errors import UnknownTokenError
from harmonium.gateway.generation.stop_strings import EventStops, TextStops
from harmonium.openai import AnswerLogprob
from harmonium.parse import ContentDelta, Event, Parser


class EventDecoder:
    """Read ids as parser events.

    Args:
        parser: a fresh one.
        stops: finds the request's stop strings; None when it has none.

    """

    def __init__(self, parser: Parser, stops: EventStops | None = None) -> None:
        self._parser = parser
        self._stops = stops
        self.stopped = False
        """Whether a stop string has ended the choice."""

    def feed(self, ids: Sequence[int], *, last: bool) -> list[Event]:
        """Process the next ids and return the events they complete; consecutive text is one delta.

        Raises:
            ParseError: they deviate from Harmony, under the strict policy.

        """
        feed = self._parser.feed
        events = feed(ids[0]) if len(ids) == 1 else feed(ids, joined=True)
        if last:
            events += self._parser.close()
        if self._stops is not None:
            events = self._stops.take(events)
            self.stopped = self._stops.found
        return joined_deltas(events) if len(events) > 1 else events


def joined_deltas(events: Sequence[Event]) -> list[Event]:
    """Return events in which text that came together is one delta: what is sent is one frame.

    >>> joined_deltas([ContentDelta("a", 3, 4), ContentDelta("b", 4, 5)])
    [ContentDelta(text='ab', start=3, end=5)]
    """
    if {*map(type, events)} == _DELTAS_ALONE:
        return [_joined(cast("Sequence[ContentDelta]", events))]
    out: list[Event] = []
    for kind, run in groupby(events, type):
        if kind is ContentDelta:
            out.append(_joined(cast("Sequence[ContentDelta]", list(run))))
        else:
            out += run
    return out


_DELTAS_ALONE = {ContentDelta}


def _joined(deltas: Sequence[ContentDelta]) -> ContentDelta:
    text = "".join([delta[0] for delta in deltas])
    return ContentDelta(text, deltas[0].start, deltas[-1].end)


class TextDecoder:
    """Read ids as text, special tokens by their names.

    Args:
        token_bytes: gives the bytes of an id.
        stops: finds the request's stop strings.

    """

    def __init__(self, token_bytes: Callable[[int], bytes], stops: TextStops) -> None:
        self._bytes = token_bytes
        self._stops = stops
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def stopped(self) -> bool:
        """Whether a stop string has ended the choice."""
        return self._stops.found

    def feed(self, ids: Sequence[int], *, last: bool) -> str:
        """Process the next ids and return the text they complete."""
        data = b"".join(map(self._bytes, ids))
        text = self._stops.take(self._decoder.decode(data, final=last))
        return text if self.stopped or not last else text + self._stops.rest()


def safe_token_bytes(encoding: Encoding) -> Callable[[int], bytes]:
    """Return a function that knows the bytes of every id; unknown ones have none."""

    def token_bytes(token: int) -> bytes:
        try:
            return encoding.token_bytes(token)
        except UnknownTokenError:
            return b""

    return token_bytes


def api_logprobs(
    entries: Sequence[TokenLogprob], token_bytes: Callable[[int], bytes]
) -> list[AnswerLogprob]:
    """Turn an engine's log probabilities, of ids, into those of an answer, of bytes."""
    return [
        AnswerLogprob(
            token_bytes(entry.token_id),
            entry.logprob,
            tuple((token_bytes(token), logprob) for token, logprob in entry.top),
        )
        for entry in entries
    ]
