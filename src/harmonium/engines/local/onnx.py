"""Model folders through ONNX Runtime GenAI. Knows nothing of threads or event loops.

The library is imported when a model is loaded: it is an extra.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harmonium.engines.local.logprobs import logprob_of
from harmonium.engines.local.options import LocalOptions
from harmonium.engines.local.runtime import CancelToken, Generation, GenerationCancelled, Token
from harmonium.engines.protocol import Capabilities, GenerationRequest, SamplingParams

CONFIG = "genai_config.json"
"""What makes a folder a model for ONNX Runtime GenAI."""

_MAX_LOGPROBS = 20
_IGNORED = frozenset({"min_p", "presence_penalty", "frequency_penalty"})


class OnnxRuntime:
    """One model folder, as ``onnxruntime_genai``'s model builder writes it.

    Args:
        path: the folder.
        options: its context and threads; layers on a GPU are a matter of the folder's own
            settings, so none may be asked for.

    Raises:
        ImportError: onnxruntime-genai is not installed.
        ValueError: layers on a GPU are asked for, or the folder's settings make no sense.

    """

    def __init__(self, path: Path, options: LocalOptions) -> None:
        import onnxruntime_genai  # noqa: PLC0415  (an extra)

        if options.gpu_layers:
            message = "gpu_layers applies to GGUF files; an ONNX folder names its own devices"
            raise ValueError(message)
        self._library = onnxruntime_genai
        about = json.loads((path / CONFIG).read_text("utf-8"))["model"]
        self._name = path.name
        self._context = min(options.context, int(about["context_length"]))
        self._vocabulary = int(about["vocab_size"])
        window = about["decoder"].get("sliding_window") or {}
        self._window = int(window.get("window_size", 0))
        config = onnxruntime_genai.Config(str(path))
        if options.threads is not None:
            session = {"intra_op_num_threads": options.threads}
            config.overlay(json.dumps({"model": {"decoder": {"session_options": session}}}))
        self._model: Any = onnxruntime_genai.Model(config)

    @property
    def vocabulary(self) -> int:
        """The number of ids the model knows."""
        return self._vocabulary

    def capabilities(self) -> Capabilities:
        """Return what ONNX Runtime supports with this model."""
        return Capabilities(
            models=(self._name,),
            max_context=self._context,
            logprobs=_MAX_LOGPROBS,
            ignored=_IGNORED,
        )

    def start(self, request: GenerationRequest, room: int, cancel_token: CancelToken) -> Generation:
        """Begin a generation; nothing is computed before its first token is asked for."""
        return Generation(self._tokens(request, room, cancel_token))

    def close(self) -> None:
        """Free the model."""
        self._model = None

    def _tokens(
        self, request: GenerationRequest, room: int, cancel_token: CancelToken
    ) -> Iterator[Token]:
        parameters = self._library.GeneratorParams(self._model)
        length = max(len(request.prompt) + room, self._window)  # it refuses a smaller cache
        parameters.set_search_options(**_choices(request.sampling, length))
        generator = self._library.Generator(self._model, parameters)
        cancel_token.on_cancel(lambda: generator.set_runtime_option("terminate_session", "1"))
        try:
            generator.append_tokens(list(request.prompt))
            while not generator.is_done():
                yield _next(generator, request.sampling)
        except Exception:
            if cancel_token.is_cancelled():
                raise GenerationCancelled from None
            raise


def _next(generator: Any, sampling: SamplingParams) -> Token:  # noqa: ANN401  (the library has no types)
    """Choose the next token from the logits, which are there before it."""
    logits = None
    if sampling.logprobs is not None or sampling.logit_bias:
        logits = generator.get_logits().reshape(-1).copy()
    if sampling.logit_bias and logits is not None:
        biased = logits.copy()
        for token, value in sampling.logit_bias.items():
            biased[token] += value
        generator.set_logits(biased.reshape(1, 1, -1))
    generator.generate_next_token()
    token = int(generator.get_next_tokens()[0])
    if sampling.logprobs is None or logits is None:
        return Token(token)
    return Token(token, logprob_of(token, logits, sampling.logprobs))


def _choices(sampling: SamplingParams, length: int) -> dict[str, float]:
    """Return the sampling in the library's terms; what is not set is as gpt-oss recommends."""
    given = {
        "temperature": sampling.temperature or None,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "repetition_penalty": sampling.repetition_penalty,
        "random_seed": sampling.seed,
    }
    out: dict[str, float] = {"temperature": 1.0, "top_p": 1.0, "top_k": 0}
    out |= {name: value for name, value in given.items() if value is not None}
    out["top_k"] = max(0, int(out["top_k"]))
    return out | {"max_length": length, "do_sample": sampling.temperature != 0}
