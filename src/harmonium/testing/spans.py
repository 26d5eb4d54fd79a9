"""The check that events account for every token once. Knows nothing of a parser's states."""

from __future__ import annotations

from collections.abc import Iterable

from harmonium.parse import ContentDelta, Event, MessageEnded, MessageStarted, Repaired, Span

_LAYING = MessageStarted | ContentDelta | MessageEnded


def owners(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return for every token the event it belongs to: one entry a token, in token order.

    Args:
        events: all events of a stream, from the first ``feed`` to ``close``.

    Raises:
        AssertionError: the spans do not lie side by side from token 0 on, or a report points
            outside the stream.

    Example:
        >>> from harmonium.parse.events import ContentDelta
        >>> len(owners([ContentDelta("Hel", 0, 1), ContentDelta("lo", 1, 3)]))
        3

    """
    found: list[Event] = []
    pointers: list[Repaired] = []
    for event in events:
        span = event.span
        if span.start > span.end:
            message = f"the span {_at(span)} of {_kind(event)} ends before it begins"
            raise AssertionError(message)
        if not isinstance(event, _LAYING) and not event.discarded:
            pointers.append(event)
            continue
        if span.start != len(found):
            fault = "again covers" if span.start < len(found) else "leaves out"
            message = f"{_kind(event)} at {_at(span)} {fault} tokens: {len(found)} was next"
            raise AssertionError(message)
        found += [event] * (span.end - span.start)
    for pointer in pointers:
        _check_pointer(pointer, found)
    return tuple(found)


def assert_covers(events: Iterable[Event], count: int) -> None:
    """Check that every one of `count` tokens belongs to exactly one event or report.

    Args:
        events: all events of a stream, from the first ``feed`` to ``close``.
        count: how many tokens were fed.

    Raises:
        AssertionError: a token belongs to none or to two, or there are more or fewer of them.

    Example:
        >>> from harmonium.parse.events import ContentDelta
        >>> assert_covers([ContentDelta("Hel", 0, 1), ContentDelta("lo", 1, 3)], 3)

    """
    covered = len(owners(events))
    if covered != count:
        message = f"the events cover {covered} tokens of {count}"
        raise AssertionError(message)


def _check_pointer(report: Repaired, found: list[Event]) -> None:
    """A report that discards nothing points at tokens that another event owns, or between two."""
    start, end = report.span
    if not 0 <= start <= end <= len(found):
        message = f"Repaired({report.code}) points at {_at(report.span)} of {len(found)} tokens"
        raise AssertionError(message)


def _kind(event: Event) -> str:
    return type(event).__name__


def _at(span: Span) -> str:
    return f"{span.start}-{span.end}"
