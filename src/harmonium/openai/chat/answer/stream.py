"""Chat completions: streamed chunk by chunk, or whole; both fold the same deltas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Generic, TypeVar

from harmonium.json_types import JSONObject
from harmonium.openai.answers.context import AnswerContext
from harmonium.openai.answers.finish import EngineFinish
from harmonium.openai.answers.logprobs import AnswerLogprob, LogprobQueue
from harmonium.openai.answers.usage import TokenUsage
from harmonium.openai.chat.answer.choice import ChoiceDelta, ChoiceFold, ToolCallRef
from harmonium.openai.chat.answer.chunks import (
    REASONING_NAMES,
    AnswerHead,
    ByteWriter,
    ChunkWriter,
    ObjectWriter,
    ReasoningField,
)
from harmonium.openai.chat.request.request import AnswerSettings, ChatRequest
from harmonium.parse import ContentDelta, Event, Repaired

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion, ChatCompletionChunk

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """What a server decides of its answers.

    Args:
        model: the model's name in answers; the one the request asked for unless given.
        reasoning: the field for reasoning: ``reasoning``, ``reasoning_content``, ``both``, or
            ``none`` to leave it out.
        system_fingerprint: as OpenAI's answers have it, or None.

    """

    model: str | None = None
    reasoning: ReasoningField = "reasoning"
    system_fingerprint: str | None = None


class _Choices:
    """Fold the events of every choice of an answer."""

    def __init__(
        self, request: ChatRequest, answer_context: AnswerContext, options: AnswerOptions | None
    ) -> None:
        chosen = options or AnswerOptions()
        self.settings: AnswerSettings = request.answer
        self.head = AnswerHead(
            id=answer_context.new_id("chatcmpl-"),
            created=answer_context.now,
            model=chosen.model or request.model,
            system_fingerprint=chosen.system_fingerprint,
            service_tier=request.answer.service_tier,
            reasoning=chosen.reasoning,
        )
        folds = (
            ChoiceFold(request.names, request.answer, answer_context.new_id) for _ in range(self.n)
        )
        self._folds = tuple(folds)
        self._logprobs = tuple(LogprobQueue() for _ in self._folds)

    @property
    def n(self) -> int:
        """The number of choices there are."""
        return self.settings.n

    def begin_turn(self, choice: int = 0) -> None:
        """Start a new turn: the choice's next events come from a new parser.

        The model goes on after a tool that the server itself has run; the answer stays one.
        """
        self._folds[choice].output.begin_turn()

    def repairs(self, choice: int = 0) -> tuple[Repaired, ...]:
        """Return what the parser repaired in a choice."""
        return tuple(self._folds[choice].output.repairs)

    def usage(self, input_tokens: int, cached_tokens: int = 0) -> TokenUsage:
        """Return the usage so far, over all choices; the prompt's counts come from the engine."""
        outputs = [fold.output for fold in self._folds]
        return TokenUsage(
            input_tokens,
            sum(output.output_tokens for output in outputs),
            sum(output.reasoning_tokens for output in outputs),
            cached_tokens,
        )

    def _take_logprobs(self, choice: int, delta: ChoiceDelta) -> list[JSONObject] | None:
        if not self.settings.logprobs or delta.kind != "content":
            return None
        taken = self._logprobs[choice].take(delta.start, delta.end)
        return [entry.to_dict(self.settings.top_logprobs) for entry in taken]


def _logprobs(entries: list[JSONObject] | None) -> JSONObject | None:
    return None if entries is None else {"content": entries, "refusal": None}


class ChatStream(_Choices, Generic[T]):
    """Turn the events of each choice's parser into chunks, as they come.

    `chat_byte_stream` and `chat_object_stream` make one.
    """

    def __init__(
        self,
        request: ChatRequest,
        answer_context: AnswerContext,
        options: AnswerOptions | None,
        writer: type[ChunkWriter[T]],
    ) -> None:
        super().__init__(request, answer_context, options)
        padding = answer_context.padding if self.settings.obfuscated else None
        self._writer = writer(self.head, include_usage=self.settings.include_usage, padding=padding)

    def feed(
        self, events: Iterable[Event], choice: int = 0, logprobs: Sequence[AnswerLogprob] = ()
    ) -> list[T]:
        """Process a choice's next events and return their chunks.

        Args:
            events: of the choice's parser, ``Parser.close`` included.
            choice: which of the ``n``; each has a parser of its own.
            logprobs: those of the choice's next tokens, if asked for; no later than the events.

        """
        if logprobs:
            self._logprobs[choice].add(logprobs)
        return self._write(choice, self._folds[choice].feed(events))

    def finish(self, engine: EngineFinish, choice: int = 0) -> list[T]:
        """End a choice, with the engine's reason; feed the events of ``Parser.close`` first."""
        return self._write(choice, self._folds[choice].finish(engine))

    def end(self, input_tokens: int, cached_tokens: int = 0) -> list[T]:
        """Return the chunk with the usage if the request asked for it."""
        if not self.settings.include_usage:
            return []
        return [self._writer.usage(self.usage(input_tokens, cached_tokens))]

    def _write(self, choice: int, deltas: list[ChoiceDelta]) -> list[T]:
        write = self._writer.write
        if not self.settings.logprobs:
            found = [write(choice, delta, None) for delta in deltas]
        else:
            found = [write(choice, d, _logprobs(self._take_logprobs(choice, d))) for d in deltas]
        return [chunk for chunk in found if chunk is not None]


class ChatByteStream(ChatStream[bytes]):
    """Turn events into server-sent events, with a short way for text that goes on.

    Text that goes on, event after event of nothing else, is written from one frame, and folded
    when something else comes, or somebody asks for counts. `chat_byte_stream` makes one.
    """

    def __init__(
        self, request: ChatRequest, answer_context: AnswerContext, options: AnswerOptions | None
    ) -> None:
        super().__init__(request, answer_context, options, ByteWriter)
        self._run: _TextRun | None = None

    def feed(
        self, events: Iterable[Event], choice: int = 0, logprobs: Sequence[AnswerLogprob] = ()
    ) -> list[bytes]:
        """Process a choice's next events and return their chunks; see `ChatStream.feed`."""
        if type(events) is not list or len(events) != 1 or type(events[0]) is not ContentDelta:
            self._flush_run()
            return super().feed(events, choice, logprobs)
        run, delta = self._run, events[0]
        if run is None or run.choice != choice or logprobs:
            self._flush_run()
            written = super().feed(events, choice, logprobs)
            self._run = self._begin_run(choice, delta.end)
            return written
        text = delta[0]
        run.texts.append(text)
        run.end = delta[2]
        return [encode_basestring_ascii(text).join(run.frame).encode("ascii")]

    def finish(self, engine: EngineFinish, choice: int = 0) -> list[bytes]:
        """End a choice; see `ChatStream.finish`."""
        self._flush_run()
        return super().finish(engine, choice)

    def begin_turn(self, choice: int = 0) -> None:
        """Start a new turn: the choice's next events come from a new parser."""
        self._flush_run()
        super().begin_turn(choice)

    def usage(self, input_tokens: int, cached_tokens: int = 0) -> TokenUsage:
        """Return the usage so far, over all choices."""
        self._flush_run()
        return super().usage(input_tokens, cached_tokens)

    def _begin_run(self, choice: int, place: int) -> _TextRun | None:
        """Begin a run behind a piece of text, if what follows can be written like it."""
        open_text = None if self.settings.logprobs else self._folds[choice].open_text
        writer = self._writer
        if open_text is None or not isinstance(writer, ByteWriter):
            return None
        frame = writer.frame(choice, *open_text)
        return None if frame is None else _TextRun(choice, frame, place, place)

    def _flush_run(self) -> None:
        """Fold the text of the run; it is written already."""
        run, self._run = self._run, None
        if run is not None and run.texts:
            self._folds[run.choice].feed((ContentDelta("".join(run.texts), run.start, run.end),))


@dataclass(slots=True)
class _TextRun:
    """Text of one choice that continues from token to token."""

    choice: int
    frame: list[str]
    start: int
    end: int
    texts: list[str] = field(default_factory=list)


def chat_byte_stream(
    request: ChatRequest, answer_context: AnswerContext, options: AnswerOptions | None = None
) -> ChatByteStream:
    """Build a stream of server-sent events; end it with `DONE`.

    Example:
        >>> import json, harmonium
        >>> from harmonium.openai import AnswerContext, chat_request, counting_ids
        >>> request = chat_request({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
        >>> stream = chat_byte_stream(request, AnswerContext(0, counting_ids()))
        >>> parser = harmonium.load_encoding().parser(tools=request.names.declared)
        >>> events = parser.feed([200005, 17196, 200008, 13225, 200002]) + parser.close()
        >>> [json.loads(chunk[6:])["choices"][0]["delta"] for chunk in stream.feed(events)]
        [{'role': 'assistant'}, {'content': 'Hello'}]

    """
    return ChatByteStream(request, answer_context, options)


def chat_object_stream(
    request: ChatRequest, answer_context: AnswerContext, options: AnswerOptions | None = None
) -> ChatStream[ChatCompletionChunk]:
    """Build a stream of ``openai.types.chat.ChatCompletionChunk``."""
    return ChatStream(request, answer_context, options, ObjectWriter)


@dataclass(slots=True)
class _Said:
    """Add up the pieces of one choice."""

    texts: dict[str, list[str]] = field(default_factory=lambda: {"reasoning": [], "content": []})
    calls: list[tuple[ToolCallRef, list[str]]] = field(default_factory=list)
    logprobs: list[JSONObject] = field(default_factory=list)
    reason: str = "stop"

    def add(self, delta: ChoiceDelta) -> None:
        """Add one piece."""
        match delta.kind:
            case "reasoning" | "content":
                self.texts[delta.kind].append(delta.text)
            case "call" if delta.call is not None:
                self.calls.append((delta.call, []))
            case "arguments":
                self.calls[-1][1].append(delta.text)
            case "finish":
                self.reason = delta.text
            case _:
                pass

    def message(self, reasoning: ReasoningField) -> JSONObject:
        """Return the message the pieces amount to."""
        content, thought = ("".join(self.texts[kind]) for kind in ("content", "reasoning"))
        message: JSONObject = {
            "role": "assistant",
            "content": content if self.texts["content"] else None,
            "refusal": None,
            "annotations": [],
        }
        names = REASONING_NAMES[reasoning]
        message |= dict.fromkeys(names, thought if self.texts["reasoning"] else None)
        if self.calls:
            message["tool_calls"] = [_call(head, "".join(text)) for head, text in self.calls]
        return message


def _call(head: ToolCallRef, text: str) -> JSONObject:
    what = "input" if head.kind == "custom" else "arguments"
    return {"id": head.id, "type": head.kind, head.kind: {"name": head.name, what: text}}


class ChatAnswer(_Choices):
    """Add up the events of each choice's parser to one whole answer.

    Args:
        request: the request answered.
        seam: the time, and where ids come from.
        options: what the server decides.

    """

    def __init__(
        self,
        request: ChatRequest,
        answer_context: AnswerContext,
        options: AnswerOptions | None = None,
    ) -> None:
        super().__init__(request, answer_context, options)
        self._said = tuple(_Said() for _ in self._folds)

    def feed(
        self, events: Iterable[Event], choice: int = 0, logprobs: Sequence[AnswerLogprob] = ()
    ) -> None:
        """Process a choice's next events; see `ChatStream.feed`."""
        self._logprobs[choice].add(logprobs)
        self._add(choice, self._folds[choice].feed(events))

    def finish(self, engine: EngineFinish, choice: int = 0) -> None:
        """End a choice, with the engine's reason; feed the events of ``Parser.close`` first."""
        self._add(choice, self._folds[choice].finish(engine))

    def to_dict(self, input_tokens: int, cached_tokens: int = 0) -> dict[str, object]:
        """Return the answer as JSON; the prompt's counts come from the engine."""
        choices = [self._choice(index, said) for index, said in enumerate(self._said)]
        usage = self.usage(input_tokens, cached_tokens).chat()
        body = {**self.head.to_dict("chat.completion"), "choices": choices, "usage": usage}
        metadata = self.settings.metadata
        return body if metadata is None else {**body, "metadata": dict(metadata)}

    def completion(self, input_tokens: int, cached_tokens: int = 0) -> ChatCompletion:
        """Return the answer as an object of the ``openai`` package."""
        from openai.types.chat import ChatCompletion  # noqa: PLC0415  (heavy)

        body = self.to_dict(input_tokens, cached_tokens)
        return ChatCompletion.construct(**body)  # type: ignore[arg-type]

    def _choice(self, index: int, said: _Said) -> JSONObject:
        logprobs = _logprobs(said.logprobs if self.settings.logprobs else None)
        return {
            "index": index,
            "message": said.message(self.head.reasoning),
            "logprobs": logprobs,
            "finish_reason": said.reason,
        }

    def _add(self, choice: int, deltas: list[ChoiceDelta]) -> None:
        said = self._said[choice]
        for delta in deltas:
            said.add(delta)
            logprobs = self._take_logprobs(choice, delta)
            if logprobs is not None:
                said.logprobs += logprobs
