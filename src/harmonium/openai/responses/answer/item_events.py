"""The events of one item, from ``output_item.added`` to ``output_item.done``.

It writes what `ITEM_LIFECYCLES` says; when an item begins and ends is not its business.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from harmonium.json_types import JSONObject
from harmonium.openai.responses.answer.items import Item, Status
from harmonium.openai.responses.answer.sinks import DeltaTemplate, Sink
from harmonium.openai.responses.options import DIALECTS, Dialect
from harmonium.openai.responses.reasoning_encryption import ReasoningCipher

T = TypeVar("T")

_BEGINS, _RUNS, _HAS_RUN, _HAS_FAILED = range(4)


class ItemWriter(Generic[T]):
    """Write the events of items.

    Args:
        sink: what they are written to.
        include: the optional parts that items carry.
        cipher: seals reasoning; None where that was not asked for.
        dialect: how the events of reasoning are named.

    """

    def __init__(
        self,
        sink: Sink[T],
        include: frozenset[str],
        cipher: ReasoningCipher | None,
        dialect: Dialect,
    ) -> None:
        self._sink = sink
        self._include = include
        self._cipher = cipher
        self._reasoning = DIALECTS[dialect]

    def added(self, item: Item) -> DeltaTemplate | None:
        """Write that an item begins; give the frame of its deltas, None when it has none."""
        self._item_event("response.output_item.added", item)
        self._stage(item, _BEGINS)
        if item.life.part is not None:
            self._part_event("response.content_part.added", item)
        name = self._delta_name(item)
        if name is None:
            return None
        fields = self._place(f"{name}.delta", item)
        return DeltaTemplate({**fields, "logprobs": []} if item.is_text else fields)

    def annotation(self, item: Item, annotation: JSONObject) -> None:
        """Write that an annotation was found in an item's text, and keep it."""
        fields = self._place("response.output_text.annotation.added", item)
        index = len(item.annotations)
        item.annotations.append(annotation)
        self._sink.event({**fields, "annotation_index": index, "annotation": annotation})

    def said(self, item: Item) -> None:
        """Write that an item's text is whole."""
        name = self._delta_name(item)
        if name is not None:
            fields = {**self._place(f"{name}.done", item), item.life.whole: item.text}
            if item.is_text:
                fields["logprobs"] = list(item.logprobs)
            if item.kind == "function":
                fields["name"] = item.route.name or ""
            self._sink.event(fields)
        if item.life.part is not None:
            self._part_event("response.content_part.done", item)

    def running(self, item: Item) -> None:
        """Write that an item's tool runs, unless that was said before."""
        if not item.is_running:
            item.is_running = True
            self._stage(item, _RUNS)

    def ran(self, item: Item) -> None:
        """Write that an item's tool has answered, and that the item is done."""
        failed = item.has_failed
        self._stage(item, _HAS_FAILED if failed else _HAS_RUN)
        self.done(item, "failed" if failed else "completed")

    def done(self, item: Item, status: Status) -> None:
        """Write that an item is done, with its last status."""
        item.status = status
        if item.kind == "reasoning" and self._cipher is not None:
            item.sealed = self._cipher.seal(item.text)
        self._item_event("response.output_item.done", item)

    def _delta_name(self, item: Item) -> str | None:
        return self._reasoning if item.kind == "reasoning" else item.life.delta

    def _place(self, name: str, item: Item) -> JSONObject:
        place: JSONObject = {"type": name, "item_id": item.id, "output_index": item.index}
        return place if item.life.part is None else {**place, "content_index": 0}

    def _stage(self, item: Item, stage: int) -> None:
        name = item.life.stages[stage]
        if name is not None:
            self._sink.event(self._place(name, item))

    def _part_event(self, name: str, item: Item) -> None:
        self._sink.event({**self._place(name, item), "part": item.part()})

    def _item_event(self, name: str, item: Item) -> None:
        event: JSONObject = {"type": name, "output_index": item.index}
        self._sink.event({**event, "item": item.to_dict(self._include)})
