"""A chat request as a whole: its prompt as a conversation, and everything else it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, cast

from harmonium.errors import RequestError
from harmonium.model import Conversation, ReasoningEffort, unchecked
from harmonium.openai.chat.request.fields import AnswerFormat, read_fields
from harmonium.openai.chat.request.history_cache import ParsedHistories
from harmonium.openai.chat.request.tools import read_tool_choice
from harmonium.openai.requests.errors import missing
from harmonium.openai.requests.json_fields import as_json, read_list
from harmonium.openai.requests.prompt import (
    PromptSettings,
    Renders,
    SchemaPlaces,
    render_prompt,
)
from harmonium.openai.requests.sampling_fields import StreamOptions
from harmonium.openai.requests.tolerance import Adaptation, Adapter, Tolerance
from harmonium.openai.requests.tool_names import ToolNameMap
from harmonium.openai.requests.tools import DeclaredTool, ToolChoice
from harmonium.render import Profile


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """What a request asks of the engine; None where it leaves the choice to it."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """What a request asks of the answer's form.

    Args:
        n: how many choices.
        include_usage: end a stream with a chunk that holds the usage.
        obfuscated: pad every chunk of a stream.
        logprobs: give the log probabilities of the visible tokens.
        top_logprobs: how many alternatives of each.
        single_call: show no tool call but the first (``parallel_tool_calls: false``).
        calls: False hides all tool calls (``tool_choice: "none"``).
        metadata: echoed.
        service_tier: what the answer says was used; None leaves it null.

    """

    n: int = 1
    include_usage: bool = False
    obfuscated: bool = False
    logprobs: bool = False
    top_logprobs: int = 0
    single_call: bool = False
    calls: bool = True
    metadata: Mapping[str, str] | None = None
    service_tier: str | None = None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat request as read.

    Args:
        model: the model asked for.
        conversation: the prompt; render it with ``next_role="assistant"``.
        names: the tools' names both ways; ``names.declared`` is for the parser.
        tools: the tools as declared.
        tool_choice: which of them may or must be called.
        answer_format: the form of the answer, None for free text.
        sampling: what the engine is asked for.
        answer: what the answer looks like.
        stream: whether the answer is streamed.
        passthrough: further known fields for the caller, such as ``user`` and ``store``.
        adaptations: how the request was adapted; see `ADAPTATIONS`.

    """

    model: str
    conversation: Conversation
    names: ToolNameMap
    tools: tuple[DeclaredTool, ...] = ()
    tool_choice: ToolChoice = ToolChoice("auto")  # noqa: RUF009  (frozen)
    answer_format: AnswerFormat | None = None
    sampling: SamplingOptions = SamplingOptions()
    answer: AnswerSettings = AnswerSettings()
    stream: bool = False
    passthrough: Mapping[str, object] = field(default_factory=dict)
    adaptations: tuple[Adaptation, ...] = ()

    def render(self, encoding: Renders, profile: Profile | str = "guide") -> list[int]:
        """Render the prompt for a completion: what is generated follows its last token.

        Raises:
            RequestError: a schema that cannot be rendered; ``param`` says which.

        """
        places = SchemaPlaces(self._place_of_tool, "response_format.json_schema.schema")
        return render_prompt(encoding, self.conversation, places, profile)

    def _place_of_tool(self, _: int, offered: int) -> str:
        """Return the path of the parameters of a tool that is offered to the model."""
        allowed = set(self.tool_choice.names)
        names = (self.names.harmony_name(tool.name) for tool in self.tools)
        shown = [index for index, name in enumerate(names) if name in allowed]
        return f"tools[{shown[offered]}].function.parameters"


def chat_request(
    data: object,
    settings: PromptSettings | None = None,
    *,
    tolerance: Tolerance = "lenient",
    histories: ParsedHistories | None = None,
) -> ChatRequest:
    """Read the body of a request to ``/v1/chat/completions``.

    Args:
        data: the parsed JSON, or a pydantic object.
        settings: what the server puts into every prompt.
        tolerance: whether what differs harmlessly is adapted (`ADAPTATIONS`), or refused.
        histories: where what was read is kept for the next turn; None keeps nothing.

    Raises:
        RequestError: anything in it that is wrong or cannot be honoured; ``param`` says where.
            Fields the API does not know are ignored.

    Example:
        >>> request = chat_request({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
        >>> [message.author.role.value for message in request.conversation]
        ['system', 'user']

    """
    body = as_json(data)
    if not isinstance(body, Mapping):
        message = "the request must be a JSON object"
        raise RequestError(message, code="invalid_type")
    adapter = Adapter(tolerance)
    fields = read_fields(body, adapter)
    model = fields.get("model")
    if model is None:
        raise missing("model")
    dialogue = (histories or _NOTHING_KEPT).read(_messages(fields), fields.get("tools"), tolerance)
    tools, history, names = dialogue.tools, dialogue.history, dialogue.history.names
    prompt = settings or _DEFAULT_SETTINGS
    names.served = frozenset(space.name for space in prompt.builtin_tools)
    choice = read_tool_choice(fields.get("tool_choice"), "tool_choice", tools, names)
    answer_format = cast("AnswerFormat | None", fields.get("response_format"))
    formats = () if answer_format is None else (answer_format.shape,)
    system = _prompt(prompt, choice).system_message(_effort(fields))
    developer = dialogue.developer(choice, formats)
    opening = (system,) if developer is None else (system, developer)
    conversation = unchecked(Conversation, messages=(*opening, *history.messages))
    return ChatRequest(
        model=str(model),
        conversation=conversation,
        names=names,
        tools=tools,
        tool_choice=choice,
        answer_format=answer_format,
        sampling=_sampling(fields),
        answer=_answer(fields, choice),
        stream=bool(fields.get("stream")),
        passthrough=MappingProxyType(_given(fields, _PASSED)),
        adaptations=(*adapter.found, *history.adapter.found),
    )


_DEFAULT_SETTINGS = PromptSettings()
_NOTHING_KEPT = ParsedHistories(limit=0)
_PASSED = frozenset({"prompt_cache_key", "safety_identifier", "store", "user"})
_ANSWERED = frozenset({"n", "logprobs", "top_logprobs", "metadata"})
_SAMPLED = frozenset(
    {"temperature", "top_p", "max_tokens", "stop", "seed", "presence_penalty", "frequency_penalty",
     "logit_bias", "top_k", "min_p", "repetition_penalty"}
)  # fmt: skip
_UNPADDED = StreamOptions()


def _prompt(given: PromptSettings, choice: ToolChoice) -> PromptSettings:
    """Return the server's settings; its own tools are not shown where none may be called."""
    is_barred = choice.mode == "none" and given.builtin_tools
    return replace(given, builtin_tools=()) if is_barred else given


def _effort(fields: Mapping[str, object]) -> ReasoningEffort | None:
    """Return the effort asked for; also as servers and other APIs spell it."""
    asked = (fields.get(name) for name in ("reasoning_effort", "reasoning", "chat_template_kwargs"))
    return cast("ReasoningEffort | None", next((one for one in asked if one is not None), None))


def _messages(fields: Mapping[str, object]) -> list[object]:
    if "messages" not in fields:
        raise missing("messages")
    items = read_list(fields["messages"], "messages")
    if not items:
        message = "messages is empty; give at least one message"
        raise RequestError(message, param="messages", code="empty_array")
    return items if type(items) is list else list(items)


def _given(fields: Mapping[str, object], names: frozenset[str]) -> dict[str, Any]:
    """Return those of the fields that are there; the table has checked their types."""
    return {name: value for name, value in fields.items() if name in names}


def _sampling(fields: Mapping[str, object]) -> SamplingOptions:
    asked = {name: one for name, one in _given(fields, _SAMPLED).items() if one is not None}
    if fields.get("max_completion_tokens") is not None:
        asked["max_tokens"] = fields["max_completion_tokens"]
    return SamplingOptions(**asked)


def _answer(fields: Mapping[str, object], choice: ToolChoice) -> AnswerSettings:
    if "stream_options" in fields and not fields.get("stream"):
        message = "stream_options is only for streams; leave it out or give stream: true"
        raise RequestError(message, param="stream_options", code="invalid_value")
    if fields.get("top_logprobs") and not fields.get("logprobs"):
        message = "top_logprobs needs logprobs: true"
        raise RequestError(message, param="top_logprobs", code="invalid_value")
    include_usage, obfuscated = cast("StreamOptions", fields.get("stream_options", _UNPADDED))
    return AnswerSettings(
        include_usage=include_usage,
        obfuscated=obfuscated,
        single_call=fields.get("parallel_tool_calls") is False,
        calls=choice.mode != "none",
        service_tier="default" if "service_tier" in fields else None,
        **_given(fields, _ANSWERED),
    )
