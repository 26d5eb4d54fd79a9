"""Chat chunks: as OpenAI's objects, and as the bytes of server-sent events.

The bytes of a piece of text are a frame made once, with nothing but the text encoded anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from harmonium.json_types import JSONObject
from harmonium.openai.answers.obfuscation import Padding, obfuscation
from harmonium.openai.answers.sse import data_event, to_json
from harmonium.openai.answers.usage import TokenUsage
from harmonium.openai.chat.answer.choice import ChoiceDelta, DeltaKind, ToolCallRef

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk

ReasoningField = Literal["reasoning", "reasoning_content", "both", "none"]
REASONING_NAMES: Mapping[str, tuple[str, ...]] = {
    "reasoning": ("reasoning",),
    "reasoning_content": ("reasoning_content",),
    "both": ("reasoning", "reasoning_content"),
    "none": (),
}
"""Option -> the fields of a message or delta in which reasoning is given."""

T = TypeVar("T")

_encode: Callable[[str], str] = encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """What every chunk, and the whole answer, says of itself."""

    id: str
    created: int
    model: str
    system_fingerprint: str | None = None
    service_tier: str | None = None
    reasoning: ReasoningField = "reasoning"

    def to_dict(self, kind: str) -> JSONObject:
        """Return the fields in front of ``choices``."""
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "system_fingerprint": self.system_fingerprint,
            "service_tier": self.service_tier,
        }


class ChunkWriter(Generic[T]):
    """Write pieces of choices as chunks.

    Args:
        head: what every chunk says.
        include_usage: whether every chunk has a ``usage``, null but in the last.
        padding: where the padding of every chunk comes from; None for none.

    """

    def __init__(
        self, head: AnswerHead, *, include_usage: bool, padding: Padding | None = None
    ) -> None:
        self._base = head.to_dict("chat.completion.chunk")
        self._names = REASONING_NAMES[head.reasoning]
        self._include_usage = include_usage
        self._padding = padding

    def write(self, choice: int, delta: ChoiceDelta, logprobs: JSONObject | None) -> T | None:
        """Write one piece; None when nothing of it is shown."""
        if self._hides(delta.kind):
            return None
        return self._form(self._chunk(choice, delta, logprobs))

    def _hides(self, kind: DeltaKind) -> bool:
        return kind == "reasoning" and not self._names

    def usage(self, usage: TokenUsage) -> T:
        """Write the chunk behind the last choice."""
        return self._form({**self._base, "choices": [], "usage": usage.chat()})

    def _form(self, chunk: JSONObject) -> T:
        raise NotImplementedError

    def _chunk(self, choice: int, delta: ChoiceDelta, logprobs: JSONObject | None) -> JSONObject:
        said = {
            "index": choice,
            "delta": self._fields(delta),
            "logprobs": logprobs,
            "finish_reason": delta.text if delta.kind == "finish" else None,
        }
        chunk: JSONObject = {**self._base, "choices": [said]}
        if self._include_usage:
            chunk["usage"] = None
        if self._padding is not None:
            chunk["obfuscation"] = obfuscation(delta.text, self._padding)
        return chunk

    def _fields(self, delta: ChoiceDelta) -> JSONObject:
        match delta.kind:
            case "role":
                return {"role": "assistant"}
            case "reasoning":
                return dict.fromkeys(self._names, delta.text)
            case "content":
                return {"content": delta.text}
            case "finish":
                return {}
            case _:
                return {"tool_calls": [_call_fields(delta)]}


def _call_fields(delta: ChoiceDelta) -> JSONObject:
    call = delta.call or ToolCallRef(0, "", "function", "")
    what = "input" if call.kind == "custom" else "arguments"
    if delta.kind == "arguments":
        return {"index": call.place, call.kind: {what: delta.text}}
    inner = {"name": call.name, what: ""}
    return {"index": call.place, "id": call.id, "type": call.kind, call.kind: inner}


class ObjectWriter(ChunkWriter["ChatCompletionChunk"]):
    """Write chunks as objects of the ``openai`` package."""

    def _form(self, chunk: JSONObject) -> ChatCompletionChunk:
        from openai.types.chat import ChatCompletionChunk  # noqa: PLC0415  (heavy)

        return ChatCompletionChunk.construct(**chunk)  # type: ignore[arg-type]


class ByteWriter(ChunkWriter[bytes]):
    """Write chunks as server-sent events: ``data: {...}`` and a blank line, in ASCII."""

    def __init__(
        self, head: AnswerHead, *, include_usage: bool, padding: Padding | None = None
    ) -> None:
        super().__init__(head, include_usage=include_usage, padding=padding)
        self._texts = _TEXTS if padding is None else frozenset[DeltaKind]()
        self._head = f'data: {to_json(self._base)[:-1]},"choices":[{{"index":'
        self._tail = '}],"usage":null}\n\n' if include_usage else "}]}\n\n"
        self._frames: dict[int, tuple[DeltaKind, ToolCallRef | None, list[str]]] = {}

    def write(self, choice: int, delta: ChoiceDelta, logprobs: JSONObject | None) -> bytes | None:
        """Write one piece as one event."""
        kind, text, _, _, call = delta
        frame = self._frames.get(choice)
        if frame is None or frame[0] is not kind or frame[1] is not call or logprobs is not None:
            if logprobs is not None or kind not in self._texts or self._hides(kind):
                return self._write_other(choice, delta, logprobs)
            self._frames[choice] = frame = (kind, call, self._frame(choice, delta))
        return _encode(text).join(frame[2]).encode("ascii")

    def frame(self, choice: int, kind: DeltaKind, call: ToolCallRef | None) -> list[str] | None:
        """Return the event of such pieces, cut where the text stands, if the last one was such."""
        frame = self._frames.get(choice)
        return frame[2] if frame is not None and frame[0] is kind and frame[1] is call else None

    def _write_other(
        self, choice: int, delta: ChoiceDelta, logprobs: JSONObject | None
    ) -> bytes | None:
        if logprobs is not None or self._padding is not None or delta.kind not in _BARE:
            return super().write(choice, delta, logprobs)
        reason = _encode(delta.text) if delta.kind == "finish" else "null"
        before, after = self._around(choice, reason)
        return (before + to_json(self._fields(delta)) + after).encode("ascii")

    def _around(self, choice: int, reason: str = "null") -> tuple[str, str]:
        """Return what stands before and behind the delta of an event."""
        behind = f',"logprobs":null,"finish_reason":{reason}{self._tail}'
        return f'{self._head}{choice},"delta":', behind

    def _frame(self, choice: int, delta: ChoiceDelta) -> list[str]:
        """Return the event of such a piece, cut where the text stands."""
        before, after = self._around(choice)
        if delta.kind == "arguments":
            inner = _cut_at_text(self._fields, delta)
        else:
            names = ("content",) if delta.kind == "content" else self._names
            inner = ["{", *("," for _ in names[1:]), "}"]
            inner = [f'{inner[at]}"{name}":' for at, name in enumerate(names)] + inner[-1:]
        return [before + inner[0], *inner[1:-1], inner[-1] + after]

    def _form(self, chunk: JSONObject) -> bytes:
        return data_event(chunk)


def _cut_at_text(fields_of: Callable[[ChoiceDelta], JSONObject], delta: ChoiceDelta) -> list[str]:
    """Return the JSON of such a piece, cut where its text stands."""
    mark = "\ue000"
    whole = to_json(fields_of(delta._replace(text="")))
    while _encode(mark)[1:-1] in whole:
        mark += "\ue000"
    return to_json(fields_of(delta._replace(text=mark))).split(_encode(mark))


_BARE: frozenset[DeltaKind] = frozenset({"role", "finish", "call"})
"""What has no text that frames or log probabilities are made for."""

_TEXTS: frozenset[DeltaKind] = frozenset({"reasoning", "content", "arguments"})
"""What comes in many pieces, for which a frame pays, unless each has a padding of its own."""
