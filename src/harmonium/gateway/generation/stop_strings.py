"""Stop strings: where one ends an answer, in visible text only, across any chunking.

Text that may be the beginning of a stop string is held back until more of it is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harmonium.openai import ToolNameMap, route
from harmonium.parse import ContentDelta, Event, MessageEnded, MessageStarted


def cut_at(text: str, stops: Sequence[str]) -> int | None:
    """Return where the stop string begins that is complete first; None when there is none.

    Of those complete at the same character the longest counts. So the answer is the same however
    a text is cut into pieces.

    >>> cut_at("one two three", ("three", "two")), cut_at("abc", ("b", "abc")), cut_at("a", ("b",))
    (4, 1, None)
    """
    found = [(place + len(stop), place) for stop in stops if (place := text.find(stop)) >= 0]
    return min(found)[1] if found else None


def open_end(text: str, stops: Sequence[str]) -> int:
    """Count how many characters at a text's end may begin a stop string.

    >>> open_end("and th", ("then",)), open_end("and thx", ("then",))
    (2, 0)
    """
    longest = 0
    for stop in stops:
        place = text.find(stop[0], max(0, len(text) - len(stop) + 1))
        while place >= 0 and not stop.startswith(text[place:]):
            place = text.find(stop[0], place + 1)
        if place >= 0:
            longest = max(longest, len(text) - place)
    return longest


class TextStops:
    """Find stop strings in a text that comes in pieces.

    Args:
        stops: the strings; none of them is empty.

    Example:
        >>> stops = TextStops(("STOP",))
        >>> stops.take("a S"), stops.take("T b"), stops.take(" STOP c"), stops.found
        ('a ', 'ST b', ' ', True)

    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.found = False

    def take(self, piece: str) -> str:
        """Process the next piece and return the text that can be sent now."""
        if not self._stops:
            return piece
        text = self._held + piece
        place = cut_at(text, self._stops)
        if place is not None:
            self.found = True
            self._held = ""
            return text[:place]
        keep = len(text) - open_end(text, self._stops)
        self._held = text[keep:]
        return text[:keep]

    def rest(self) -> str:
        """Return what was held back: nothing more comes."""
        held, self._held = self._held, ""
        return held


class EventStops:
    """Find stop strings in the visible text of parser events.

    Args:
        stops: the strings; none of them is empty.
        names: the request's tools: what is said to them is not visible text.

    """

    def __init__(self, stops: Sequence[str], names: ToolNameMap) -> None:
        self._stops = tuple(stops)
        self._names = names
        self._visible = False
        self._held: list[ContentDelta] = []
        self.found = False

    def take(self, events: Iterable[Event]) -> list[Event]:
        """Process the parser's next events and return those that can be sent; none after a stop."""
        out: list[Event] = []
        for event in events:
            if self.found:
                break
            if type(event) is ContentDelta and self._visible:
                self._take_text(event, out)
                continue
            if isinstance(event, MessageStarted):
                place = route(event.recipient, event.channel, event.author.role, self._names)
                self._visible = place.chat == "content"
            elif isinstance(event, MessageEnded):
                out += self._release()
            out.append(event)
        return out

    def _take_text(self, event: ContentDelta, out: list[Event]) -> None:
        self._held.append(event)
        text = "".join(delta.text for delta in self._held)
        place = cut_at(text, self._stops)
        if place is not None:
            self.found = True
            out += _cut(self._release(), place)
            return
        settled = len(text) - open_end(text, self._stops)
        while self._held and len(self._held[0].text) <= settled:
            settled -= len(self._held[0].text)
            out.append(self._held.pop(0))

    def _release(self) -> list[ContentDelta]:
        held, self._held = self._held, []
        return held


def _cut(deltas: list[ContentDelta], place: int) -> list[ContentDelta]:
    """Return what stands before `place`; its last piece answers for the tokens of the stop too."""
    kept: list[ContentDelta] = []
    for delta in deltas:
        if place > 0:
            kept.append(delta._replace(text=delta.text[:place]))
            place -= len(delta.text)
    if kept:
        kept[-1] = kept[-1]._replace(end=deltas[-1].end)
    return kept
