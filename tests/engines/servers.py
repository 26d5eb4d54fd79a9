"""How each kind of server speaks: what it says of a generation, told from its documentation."""

from __future__ import annotations

import codecs
import json
from dataclasses import dataclass, field

from harmonium import load_encoding

ENCODING = load_encoding()
RETURN, CALL = 200_002, 200_012


def ids_of(text):
    return ENCODING.encode(text, allowed_special="all")


@dataclass(frozen=True)
class Said:
    """One generation: its ids in chunks, why it ended, how likely each id was."""

    chunks: tuple[tuple[int, ...], ...]
    reason: str = "stop"
    cached: int | None = None
    tops: dict[int, tuple[tuple[int, float], ...]] = field(default_factory=dict)

    @property
    def ids(self):
        return [token for chunk in self.chunks for token in chunk]

    def top(self, token):
        return self.tops.get(token, ((token, -0.5), (11, -1.5)))


def event(said):
    return b"data: " + json.dumps(said).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


class Vllm:
    """The completions route."""

    kind, path, names_stop = "vllm", "/v1/completions", True
    lossy, has_logprobs, most_top = False, True, 20

    def prepare(self, server):
        server.on("/v1/models", {"data": [{"id": "tiny", "max_model_len": 4096}]})
        server.on("/openapi.json", {"paths": {"/v1/completions": {}}})
        server.on("/health", b"")

    def frames(self, said, wants):
        yield from (self._chunk(chunk, said, wants) for chunk in said.chunks)
        yield event({"choices": [self._choice((), said, None) | _end(said)]})
        details = {"prompt_tokens_details": {"cached_tokens": said.cached}}
        yield event({"choices": [], "usage": {"prompt_tokens": 3} | details})
        yield DONE

    def _chunk(self, chunk, said, wants):
        return event({"id": "c", "choices": [self._choice(chunk, said, wants)]})

    def _choice(self, chunk, said, wants):
        choice = {"index": 0, "text": "x", "token_ids": list(chunk), "finish_reason": None}
        return choice | {"logprobs": None if wants is None else self.logprobs(chunk, said)}

    def logprobs(self, chunk, said):
        tops = [dict(said.top(token)) for token in chunk]
        return {
            "tokens": [f"token_id:{token}" for token in chunk],
            "token_logprobs": [top[token] for token, top in zip(chunk, tops, strict=True)],
            "top_logprobs": [{f"token_id:{t}": p for t, p in top.items()} for top in tops],
        }

    def wanted(self, body):
        return body.get("logprobs")


class VllmTokens(Vllm):
    """The route that knows no text."""

    path = "/inference/v1/generate"

    def prepare(self, server):
        super().prepare(server)
        aborting = "/inference/v1/abort_requests"
        server.on("/openapi.json", {"paths": {self.path: {}, aborting: {}}})
        server.on(aborting, {})

    def logprobs(self, chunk, said):
        return {"content": [self._entry(token, said) for token in chunk]}

    def _entry(self, token, said):
        top = [{"token_id": t, "logprob": p, "rank": 1} for t, p in said.top(token)]
        return {"token_id": token, "logprob": dict(said.top(token))[token], "top_logprobs": top}

    def wanted(self, body):
        return body["sampling_params"].get("logprobs")


class Trtllm(Vllm):
    kind, has_logprobs = "trtllm", False

    def frames(self, said, wants):  # noqa: ARG002  (as the others)
        yield from super().frames(said, None)


class Sglang:
    """Ids from the beginning in each chunk."""

    kind, path, names_stop = "sglang", "/generate", True
    lossy, has_logprobs, most_top = False, True, 20
    is_cumulative = True

    def prepare(self, server):
        server.on("/v1/models", {"data": [{"id": "tiny", "max_model_len": 4096}]})
        server.on("/health", b"")
        server.on("/abort_request", b"")

    def frames(self, said, wants):
        given = []
        for number, chunk in enumerate(said.chunks, 1):
            given += chunk
            shown = given if self.is_cumulative else chunk
            end = _sglang_end(said) if number == len(said.chunks) else None
            meta = {"completion_tokens": len(given), "finish_reason": end}
            meta |= {"cached_tokens": said.cached or 0}
            if wants is not None:
                meta |= self._logprobs(shown, said, wants)
            yield event({"text": "x", "output_ids": list(shown), "meta_info": meta})
        yield DONE

    def _logprobs(self, shown, said, wants):
        found = {"output_token_logprobs": [[dict(said.top(t))[t], t, None] for t in shown]}
        if wants:
            found["output_top_logprobs"] = [
                [[p, t, None] for t, p in said.top(token)][:wants] for token in shown
            ]
        return found

    def wanted(self, body):
        return body["top_logprobs_num"] if body.get("return_logprob") else None


class SglangIncremental(Sglang):
    is_cumulative = False


class Llamacpp:
    """The id that ends a generation is left out; there is no word for the end of the stream."""

    kind, path, names_stop = "llamacpp", "/completion", False
    lossy, has_logprobs, most_top = False, True, 20

    def prepare(self, server):
        server.on("/v1/models", {"data": [{"id": "tiny"}]})
        server.on("/props", {"default_generation_settings": {"n_ctx": 4096}})
        server.on("/health", {"status": "ok"})

    def frames(self, said, wants):
        for chunk in said.chunks:
            kept = [token for token in chunk if token not in {RETURN, CALL}]
            shown = {"content": "x", "tokens": kept, "stop": False}
            if wants is not None:
                shown["completion_probabilities"] = [self._entry(t, said) for t in kept]
            yield event(shown)
        stop = {"stop": "eos", "length": "limit"}[said.reason]
        last = {"content": "", "tokens": [], "stop": True, "stop_type": stop}
        yield event(last | {"timings": {"cache_n": said.cached or 0}})

    def _entry(self, token, said):
        top = [{"id": t, "token": "x", "logprob": p} for t, p in said.top(token)]
        return {"id": token, "logprob": dict(said.top(token))[token], "top_logprobs": top}

    def wanted(self, body):
        return body.get("n_probs")


class Lmdeploy:
    kind, path, names_stop = "lmdeploy", "/generate", True
    lossy, has_logprobs, most_top = False, True, 0

    def prepare(self, server):
        server.on("/v1/models", {"data": [{"id": "tiny"}]})
        server.on("/health", b"")

    def frames(self, said, wants):
        for number, chunk in enumerate(said.chunks, 1):
            end = {"type": said.reason} if number == len(said.chunks) else None
            meta = {"finish_reason": end, "completion_tokens": number}
            if wants is not None:
                meta["output_token_logprobs"] = [[dict(said.top(t))[t], t] for t in chunk]
            yield event({"text": "x", "output_ids": list(chunk), "meta_info": meta})
        yield DONE

    def wanted(self, body):
        return 0 if body.get("return_logprob") else None


class Completions:
    """Text, with the stop string cut off."""

    kind, path, names_stop = "completions", "/v1/completions", False
    lossy, has_logprobs, most_top = True, False, 0

    def prepare(self, server):
        server.on("/v1/models", {"data": [{"id": "tiny"}]})

    def frames(self, said, wants):  # noqa: ARG002  (as the others)
        for text in texts_of(said):
            yield event({"choices": [{"index": 0, "text": text, "finish_reason": None}]})
        yield event({"choices": [{"index": 0, "text": "", "finish_reason": said.reason}]})
        yield DONE

    def wanted(self, body):  # noqa: ARG002
        return None


class Ollama(Completions):
    kind, path = "ollama", "/api/generate"

    def prepare(self, server):
        server.on("/api/tags", {"models": [{"name": "tiny"}]})
        server.on("/api/version", {"version": "0.20"})

    def frames(self, said, wants):  # noqa: ARG002  (as the others)
        for text in texts_of(said):
            yield _line({"response": text, "done": False})
        yield _line({"response": "", "done": True, "done_reason": said.reason})


SERVERS = [
    Vllm(),
    VllmTokens(),
    Sglang(),
    SglangIncremental(),
    Llamacpp(),
    Trtllm(),
    Lmdeploy(),
    Completions(),
    Ollama(),
]
BY_NAME = {type(each).__name__: each for each in SERVERS}


def texts_of(said):
    """The text of each chunk as a detokenizer gives it: whole characters, no stop string."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in said.chunks:
        kept = [token for token in chunk if token not in {RETURN, CALL}]
        yield decoder.decode(ENCODING.decode_bytes(kept))


def _line(said):
    return json.dumps(said).encode() + b"\n"


def _end(said):
    stop = said.ids[-1] if said.reason == "stop" else None
    return {"finish_reason": said.reason, "stop_reason": stop}


def _sglang_end(said):
    if said.reason == "length":
        return {"type": "length", "length": len(said.ids)}
    return {"type": "stop", "matched": said.ids[-1]}


def serve(server, kind, said, cut=lambda frames: frames):
    """Send a generation from a server, its bytes cut as wanted."""
    kind.prepare(server)

    async def handler(request, wire):
        frames = list(kind.frames(said, kind.wanted(request.body)))
        await wire.stream([piece for piece in cut(frames) if piece])

    server.on(kind.path, handler)


def chunked(ids, size):
    return tuple(tuple(ids[at : at + size]) for at in range(0, len(ids), size))
