"""Engine requests planned from API requests: sampling, constraints, token budget.

What the settings or the engine do not allow is refused here, with the field that asked for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from harmonium.engines import (
    Capabilities,
    Constraint,
    GenerationRequest,
    JsonObject,
    JsonSchema,
    SamplingParams,
)
from harmonium.errors import RequestError
from harmonium.gateway.config.settings import Settings
from harmonium.gateway.generation.forced_tool_calls import (
    ForcedToolCallEngine,
    final_prefix,
    tool_call_prefix,
)
from harmonium.gateway.generation.runner import Generator
from harmonium.gateway.generation.structured_output import (
    MessageConstraints,
    StructuredOutputEngine,
)
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.model import ResponseFormat
from harmonium.openai import FUNCTIONS, DeclaredTool, ToolChoice
from harmonium.tokens import FormatTokens

LONGEST_STOP = 256
"""Characters of a stop string: longer ones would hold the stream back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamNames:
    """The names of the request's own fields, for errors."""

    prompt: str
    max_tokens: str
    logprobs: str = "top_logprobs"
    shape: str = "response_format"


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequestSpec:
    """What any of the APIs asks of the engine.

    Args:
        model: the engine's name for the model.
        prompt: the ids to continue.
        fields: how the API calls what may be refused.
        choices: how many to generate.
        logprobs: how many alternatives to tell; None for no log probabilities.
        shape: what the answer must look like.
        tool_choice: what must be called.
        tools: Harmony name -> the tool, of all that the request declares.

    """

    model: str
    prompt: Sequence[int]
    fields: ParamNames
    choices: int = 1
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    logprobs: int | None = None
    stop: tuple[str, ...] = ()
    shape: ResponseFormat | None = None
    tool_choice: ToolChoice | None = None
    tools: Mapping[str, DeclaredTool] = field(default_factory=dict)

    def arguments(self, *, strict: bool) -> dict[str, Constraint]:
        """Return what the arguments of the tools that may be called must be, by Harmony name.

        Args:
            strict: only of tools that are strict, whose calls the model itself chooses to make.

        """
        names = () if self.tool_choice is None else self.tool_choice.names
        tools = ((name, self.tools[name]) for name in names if name in self.tools)
        return {
            name: JsonSchema(tool.parameters)
            for name, tool in tools
            if tool.parameters and tool.name.kind != "custom" and (tool.strict or not strict)
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, one request for each choice, and of whom."""

    generator: Generator
    requests: tuple[GenerationRequest, ...]


def make_plan(
    wanted: EngineRequestSpec, capabilities: Capabilities, service: Service, record: RequestRecord
) -> Plan:
    """Build the plan: which engine generates, and with which requests.

    Where a call is asked for, the engine's answers are made to call; where the answer or the calls
    of strict tools have a form, they are held to it, as far as the engine can. An engine without a
    model does as the prompt and the constraint say.

    Raises:
        RequestError: a bound is passed, or the engine cannot do what is asked for.

    """
    settings, encoding, engine = service.settings, service.encoding, service.engine
    constraint = _constraint(wanted, capabilities, settings)
    requests = _requests(wanted, capabilities, settings, record, encoding.format)
    if capabilities.is_simulated:
        return Plan(engine, tuple(replace(one, constraint=constraint) for one in requests))
    profile, headers = settings.profile, None
    if wanted.tool_choice is not None:
        free_text = {name for name, tool in wanted.tools.items() if tool.name.kind == "custom"}
        headers = tool_call_prefix(wanted.tool_choice, frozenset(free_text), encoding, profile)
    if headers is not None:
        forms = MessageConstraints(calls=_call_forms(wanted, capabilities, strict=False))
        held = StructuredOutputEngine(engine, forms, encoding) if forms.calls else None
        return Plan(ForcedToolCallEngine(engine, headers, held), requests)
    calls = _call_forms(wanted, capabilities, strict=True)
    if constraint is None and not calls:
        return Plan(engine, requests)
    header = () if constraint is None else final_prefix(encoding, profile)
    return Plan(
        StructuredOutputEngine(engine, MessageConstraints(constraint, calls, header), encoding),
        requests,
    )


def _call_forms(
    wanted: EngineRequestSpec, capabilities: Capabilities, *, strict: bool
) -> dict[str, Constraint]:
    """Return what the arguments of each tool are held to, by the name that a call has."""
    if "json_schema" not in capabilities.constraints:
        return {}
    return {FUNCTIONS + name: one for name, one in wanted.arguments(strict=strict).items()}


def _requests(
    wanted: EngineRequestSpec,
    capabilities: Capabilities,
    settings: Settings,
    record: RequestRecord,
    format_tokens: FormatTokens,
) -> tuple[GenerationRequest, ...]:
    """Build one engine request for each choice.

    With a seed, each choice has its own: the n-th is the seed plus n, so that choices differ and
    can be repeated.
    """
    _check(wanted, capabilities, settings)
    most = _token_budget(wanted, capabilities, settings)
    temperature = _first(wanted.temperature, settings.temperature)
    record.on_prompt(len(wanted.prompt), most, temperature)
    stops = (format_tokens.return_, format_tokens.call)
    unique = f"{record.request_id}-{secrets.token_hex(4)}"  # clients may use an id twice
    return tuple(
        GenerationRequest(
            request_id=f"{unique}-{choice}",
            model=wanted.model,
            prompt=tuple(wanted.prompt),
            sampling=_sampling(wanted, settings, stops, most, choice),
        )
        for choice in range(wanted.choices)
    )


def _sampling(
    wanted: EngineRequestSpec,
    settings: Settings,
    stops: tuple[int, ...],
    most: int | None,
    choice: int,
) -> SamplingParams:
    return SamplingParams(
        stop_token_ids=stops,
        max_tokens=most,
        temperature=_first(wanted.temperature, settings.temperature),
        top_p=_first(wanted.top_p, settings.top_p),
        top_k=settings.top_k if wanted.top_k is None else wanted.top_k,
        min_p=_first(wanted.min_p, settings.min_p),
        presence_penalty=wanted.presence_penalty,
        frequency_penalty=wanted.frequency_penalty,
        repetition_penalty=_first(wanted.repetition_penalty, settings.repetition_penalty),
        seed=None if wanted.seed is None else _seed(wanted.seed + choice),
        logit_bias=wanted.logit_bias or None,
        logprobs=wanted.logprobs,
    )


def _seed(value: int) -> int:
    """Return a seed as engines take it, in 64 bits: behind the largest comes the least.

    >>> _seed(7), _seed(2**63) == -(2**63)
    (7, True)
    """
    return (value + 2**63) % 2**64 - 2**63


def _first(asked: float | None, default: float | None) -> float | None:
    return default if asked is None else asked


def _check(wanted: EngineRequestSpec, capabilities: Capabilities, settings: Settings) -> None:
    if wanted.choices > settings.max_choices:
        raise _above_maximum("n", settings.max_choices)
    if wanted.max_tokens is not None and wanted.max_tokens > settings.max_output_tokens:
        raise _above_maximum(wanted.fields.max_tokens, settings.max_output_tokens)
    if any(len(stop) > LONGEST_STOP for stop in wanted.stop):
        message = f"a stop string must have at most {LONGEST_STOP} characters"
        raise RequestError(message, param="stop", code="invalid_value")
    if wanted.logprobs is None:
        return
    if capabilities.logprobs is None:
        message = "this engine does not return log probabilities; leave them out"
        raise RequestError(message, param=wanted.fields.logprobs, code="unsupported_parameter")
    if wanted.logprobs > capabilities.logprobs:
        raise _above_maximum(wanted.fields.logprobs, capabilities.logprobs)


def _token_budget(
    wanted: EngineRequestSpec, capabilities: Capabilities, settings: Settings
) -> int | None:
    """Return how many tokens may be generated: the number asked for, within the context."""
    context, length = capabilities.max_context, len(wanted.prompt)
    most = settings.max_tokens if wanted.max_tokens is None else wanted.max_tokens
    if context is None:
        return most
    if length >= context:
        message = (
            f"this model's maximum context length is {context} tokens, but the prompt has {length}"
        )
        param = wanted.fields.prompt
        raise RequestError(message, param=param, code="context_length_exceeded")
    room = min(context - length, settings.max_output_tokens)
    return room if most is None else min(most, room)


def _constraint(
    wanted: EngineRequestSpec, capabilities: Capabilities, settings: Settings
) -> Constraint | None:
    """Return the constraint that enforces the answer's form, as far as the engine knows one."""
    if wanted.shape is None:
        return None
    constraint: Constraint = JsonSchema(wanted.shape.schema)
    if (
        dict(wanted.shape.schema) == {"type": "object"}
        and "json_object" in capabilities.constraints
    ):
        constraint = JsonObject()
    if constraint.name in capabilities.constraints:
        return constraint
    if settings.unenforced == "prompt":
        return None
    message = (
        "this engine does not support structured output; leave it out, or describe it in the prompt"
    )
    raise RequestError(message, param=wanted.fields.shape, code="unsupported_parameter")


def _above_maximum(param: str, most: int) -> RequestError:
    return RequestError(f"{param} must be at most {most} here", param=param, code="above_maximum")
