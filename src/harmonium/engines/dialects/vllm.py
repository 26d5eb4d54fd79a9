"""Dialect of vLLM: its completions route, and its route of token ids in and out.

Source: vLLM 0.11 and later for ``/v1/completions`` with ``return_token_ids``; the route
``/inference/v1/generate`` as of 2026, where its OpenAPI page lists it together with its way to
abort.
"""

from __future__ import annotations

from harmonium.engines.protocol import (
    Capabilities,
    Constraint,
    ConstraintName,
    FinishReason,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    SamplingParams,
    StructuralTag,
    TokenLogprob,
)
from harmonium.engines.remote.dialect import (
    Asker,
    Framing,
    HttpRequest,
    QuickReader,
    Reader,
    StreamDelta,
    by_likelihood,
    ignored_fields,
    spelled,
)
from harmonium.engines.remote.json_fields import (
    get_count,
    get_object,
    get_str,
    ids_in,
    list_in,
    log_probability,
    objects,
    refuse,
)
from harmonium.engines.remote.model_list import context_of, list_models, names_of
from harmonium.errors import EngineBrokenError, EngineProtocolError
from harmonium.json_types import JSONMapping

_MOST_LOGPROBS = 20
_CONSTRAINTS = frozenset[ConstraintName](
    {"json_object", "json_schema", "structural_tag", "grammar"}
)
_NAMES = {
    name: name
    for name in (
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "seed",
        "logit_bias",
        "logprobs",
        "stop_token_ids",
    )
}
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "abort": "abort"}
_GENERATE, _ABORT = "/inference/v1/generate", "/inference/v1/abort_requests"
_NAME_OF_ID = "token_id:"


class VllmDialect:
    """Speak to vLLM over whichever of its two routes the server has.

    Its grammars take markers for the text they spell: a structural tag may name them, and a string
    in JSON may hold them, unless their logits are biased away.
    """

    kind = "vllm"
    framing: Framing = "events"
    omits_stop_token = False
    health_path = "/health"

    def __init__(self) -> None:
        self.has_token_route = False

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models, and for the routes."""
        models = await list_models(server)
        self.has_token_route = _lists_token_route(await _routes(server))
        return Capabilities(
            models=names_of(models),
            max_context=context_of(models),
            constraints=_CONSTRAINTS,
            logprobs=_MOST_LOGPROBS,
            ignored=ignored_fields(_NAMES, "max_tokens"),
        )

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in vLLM's words. Without room vLLM fills the context: null, not absent."""
        sampling: dict[str, object] = spelled(request.sampling, _NAMES)
        sampling |= {"max_tokens": room, "skip_special_tokens": False}
        if request.constraint is not None:
            sampling["structured_outputs"] = structured_outputs(request.constraint)
        body: dict[str, object] = {
            "model": request.model,
            "request_id": request.request_id,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_token_ids": True,
        }
        prompt = list(request.prompt)
        if self.has_token_route:
            sampling["detokenize"] = False
            own: dict[str, object] = {"token_ids": prompt, "output_mode": "tokens"}
            own["sampling_params"] = sampling
            return HttpRequest(_GENERATE, body | own)
        if request.sampling.logprobs is not None:
            sampling["return_tokens_as_token_ids"] = True
        own = {"prompt": prompt, "add_special_tokens": False}
        return HttpRequest("/v1/completions", body | own | sampling)

    def reader(self, request: GenerationRequest) -> Reader:
        """Build the reader of one stream."""
        sampling = request.sampling
        return lambda said: read_completion(said, sampling)

    def quick_reader(self, request: GenerationRequest) -> QuickReader | None:
        """Return the quick way to read a stream without log probabilities."""
        from harmonium.engines.remote.fast_completion import read_usual_completion  # noqa: PLC0415  (see there)

        return read_usual_completion if request.sampling.logprobs is None else None

    def abort_request(self, request_id: str) -> HttpRequest | None:
        """End by name on the token route; the other one has only its connection.

        vLLM 0.32 knows the generation by a longer name than it was given; it passes over those
        it does not know.
        """
        if not self.has_token_route:
            return None
        return HttpRequest(_ABORT, {"request_ids": [request_id, f"generate-tokens-{request_id}"]})


def structured_outputs(constraint: Constraint) -> dict[str, object]:
    """Return vLLM's form of a constraint on the whole completion."""
    match constraint:
        case JsonObject():
            return {"json_object": True}
        case JsonSchema(schema=schema):
            return {"json": dict(schema)}
        case StructuralTag(json=tag):
            return {"structural_tag": tag}
        case Grammar(text=text):
            return {"grammar": text}


async def _routes(server: Asker) -> JSONMapping:
    """Return the paths of the OpenAPI page; none where it is switched off, or too large to read."""
    try:
        page = await server.get("/openapi.json")
    except EngineProtocolError:
        return {}
    return get_object(page, "paths") if isinstance(page, dict) else {}


def _lists_token_route(routes: JSONMapping) -> bool:
    return _GENERATE in routes and _ABORT in routes


def read_completion(said: JSONMapping, sampling: SamplingParams) -> StreamDelta | None:
    """Read a chunk of either route: the one choice's new ids, or the usage behind them."""
    choices = objects(list_in(said, "choices"), "a choice")
    cached = get_count(
        get_object(get_object(said, "usage"), "prompt_tokens_details"), "cached_tokens"
    )
    if not choices:
        return None if cached is None else StreamDelta(cached_tokens=cached)
    choice = choices[0]
    ids = ids_in(choice, "token_ids")
    word = get_str(choice, "finish_reason")
    if word == "error":
        message = "the engine says that it failed in the middle of an answer; see its log"
        raise EngineBrokenError(message)
    stop = choice.get("stop_reason")
    return StreamDelta(
        ids,
        read_logprobs(get_object(choice, "logprobs"), ids, sampling.logprobs),
        _REASONS.get(word, "stop") if word else None,
        stop if type(stop) is int else None,
        cached,
    )


def read_logprobs(
    said: JSONMapping, ids: tuple[int, ...], most: int | None
) -> tuple[TokenLogprob, ...] | None:
    """Read log probabilities in the form of chat (``content``) or of completions (arrays)."""
    if most is None or not said:
        return None
    if "content" in said:
        entries = objects(list_in(said, "content"), "a log probability")
        return tuple(
            TokenLogprob(token, log_probability(entry.get("logprob")), _top(entry, most))
            for token, entry in zip(ids, entries, strict=False)
        )
    chosen = list_in(said, "token_logprobs")
    tops = list_in(said, "top_logprobs") or [None] * len(chosen)
    return tuple(
        TokenLogprob(token, log_probability(own), _top_of_names(top, most))
        for token, own, top in zip(ids, chosen, tops, strict=False)
    )


def _top(entry: JSONMapping, most: int) -> tuple[tuple[int, float], ...]:
    found = objects(list_in(entry, "top_logprobs"), "an alternative")
    pairs = [(_id_of(each), log_probability(each.get("logprob"))) for each in found]
    return by_likelihood(pairs, most)


def _id_of(entry: JSONMapping) -> int:
    """Return the id an alternative names: as a number, or as the text ``token_id:5``."""
    value = entry.get("token_id")
    return value if type(value) is int else _id_of_name(get_str(entry, "token"))


def _id_of_name(name: str) -> int:
    digits = name.removeprefix(_NAME_OF_ID)
    if name.startswith(_NAME_OF_ID) and digits.isascii() and digits.isdigit():
        return int(digits)
    return refuse("an alternative", "the name of a token id", name)


def _top_of_names(top: object, most: int) -> tuple[tuple[int, float], ...]:
    if not isinstance(top, dict):
        return ()
    pairs = [(_id_of_name(name), log_probability(value)) for name, value in top.items()]
    return by_likelihood(pairs, most)
