"""GGUF models through llama-cpp-python. Knows nothing of threads or event loops.

The library is imported when a model is loaded: it is an extra, and compiled when installed.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonium.engines.local.logprobs import logprob_of
from harmonium.engines.local.options import LocalOptions
from harmonium.engines.local.runtime import CancelToken, Generation, GenerationCancelled, Token
from harmonium.engines.protocol import (
    Capabilities,
    Constraint,
    GenerationRequest,
    Grammar,
    JsonSchema,
    SamplingParams,
)
from harmonium.errors import EngineRejectedError

if TYPE_CHECKING:
    import numpy as np

_MAX_LOGPROBS = 20
_ANY_SEED = 0xFFFFFFFF
"""llama.cpp draws a seed of its own for this one."""

_BAD_REQUEST = 400
_OBJECT = {"type": "object"}
_ABORTED = "llama_decode returned 2"


class LlamaRuntime:
    """One GGUF model.

    The tokens of the last prompt and answer stay in the model's cache: a prompt that begins like
    them computes the rest alone.

    Args:
        path: the ``.gguf`` file.
        options: its context, threads and layers on a GPU.

    Raises:
        ImportError: llama-cpp-python is not installed.
        ValueError: the file is no model that llama.cpp knows.

    """

    def __init__(self, path: Path, options: LocalOptions) -> None:
        import llama_cpp  # noqa: PLC0415  (an extra)

        self._library = llama_cpp
        self._llama = llama_cpp.Llama(
            str(path),
            n_ctx=options.context,
            n_threads=options.threads,
            n_threads_batch=options.threads,
            n_gpu_layers=options.gpu_layers,
            swa_full=True,  # without it the cache forgets what a later prompt may begin with
            verbose=False,
        )
        self._name = path.stem
        self._cached_ids: list[int] = []
        self._flag: _Flag | None = None

    @property
    def vocabulary(self) -> int:
        """The number of ids the model knows."""
        return int(self._llama.n_vocab())

    def capabilities(self) -> Capabilities:
        """Return what llama.cpp supports with this model."""
        return Capabilities(
            models=(self._name,),
            max_context=self._llama.n_ctx(),
            constraints=frozenset({"json_object", "json_schema", "grammar"}),
            logprobs=_MAX_LOGPROBS,
        )

    def start(
        self,
        request: GenerationRequest,
        room: int,  # noqa: ARG002  (the context has no other bound)
        cancel_token: CancelToken,
    ) -> Generation:
        """Begin a generation; nothing is computed before its first token is asked for."""
        prompt = list(request.prompt)
        same = takewhile(
            lambda pair: pair[0] == pair[1], zip(self._cached_ids, prompt, strict=False)
        )
        cached = min(sum(1 for _ in same), len(prompt) - 1)
        return Generation(self._tokens(prompt, request, cancel_token), cached)

    def close(self) -> None:
        """Free the model."""
        self._llama.close()

    def _tokens(
        self, prompt: list[int], request: GenerationRequest, cancel_token: CancelToken
    ) -> Iterator[Token]:
        sampling = request.sampling
        self._cached_ids = prompt
        self._flag = flag = _Flag(self._library, self._llama.ctx)
        cancel_token.on_cancel(flag.set)
        self._llama.set_seed(_ANY_SEED if sampling.seed is None else sampling.seed & _ANY_SEED)
        try:
            for made in self._llama.generate(prompt, **self._choices(request)):
                token = int(made)
                yield self._token(token, sampling)
                self._cached_ids.append(token)
        except RuntimeError as error:
            self._llama.reset()
            self._cached_ids = []
            if cancel_token.is_cancelled() and str(error) == _ABORTED:
                raise GenerationCancelled from None
            raise

    def _token(self, token: int, sampling: SamplingParams) -> Token:
        if sampling.logprobs is None:
            return Token(token)
        return Token(token, logprob_of(token, self._logits(), sampling.logprobs))

    def _logits(self) -> np.ndarray[Any, Any]:
        """Return the logits that the last token was chosen from; the next one replaces them."""
        import numpy as np  # noqa: PLC0415  (comes with the library)

        found = self._library.llama_get_logits_ith(self._llama.ctx, -1)
        return np.ctypeslib.as_array(found, shape=(self._llama.n_vocab(),))

    def _choices(self, request: GenerationRequest) -> dict[str, Any]:
        """Return the sampling in the library's terms; what is not set is as gpt-oss recommends."""
        sampling = request.sampling
        out: dict[str, Any] = {
            "temp": _or(sampling.temperature, 1.0),
            "top_p": _or(sampling.top_p, 1.0),
            "top_k": _or(sampling.top_k, 0),
            "min_p": _or(sampling.min_p, 0.0),
            "repeat_penalty": _or(sampling.repetition_penalty, 1.0),
            "frequency_penalty": _or(sampling.frequency_penalty, 0.0),
            "presence_penalty": _or(sampling.presence_penalty, 0.0),
        }
        if sampling.logit_bias:
            adding = _adding(sampling.logit_bias)
            out["logits_processor"] = self._library.LogitsProcessorList([adding])
        if request.constraint is not None:
            out["grammar"] = self._grammar(request.constraint)
        return out

    def _grammar(self, constraint: Constraint) -> Any:  # noqa: ANN401  (without types)
        make = self._library.LlamaGrammar
        try:
            if isinstance(constraint, Grammar):
                return make.from_string(constraint.text, verbose=False)
            schema = constraint.schema if isinstance(constraint, JsonSchema) else _OBJECT
            return make.from_json_schema(json.dumps(dict(schema)), verbose=False)
        except Exception:  # noqa: BLE001  (whatever the library raises of what it cannot read)
            message = f"llama.cpp could not compile this {constraint.name}; simplify it"
            raise EngineRejectedError(
                message, upstream_status=_BAD_REQUEST, code="unsupported_constraint"
            ) from None


class _Flag:
    """A way to stop llama.cpp while it computes: it asks thousands of times a token.

    A Python function would have to wait for the interpreter each time, which a busy event loop may
    hold for milliseconds. So it calls C's ``strlen`` on two bytes: 0 until the first is set. Each
    generation has its own, since one may be given up when the next has begun.
    """

    def __init__(self, library: Any, context: Any) -> None:  # noqa: ANN401  (without types)
        self._bytes = ctypes.create_string_buffer(2)
        c = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        self._ask = ctypes.cast(c.strlen, library.ggml_abort_callback)
        where = ctypes.cast(self._bytes, ctypes.c_void_p)
        library.llama_set_abort_callback(context, self._ask, where)

    def set(self) -> None:
        self._bytes[0] = b"\1"


def _or(given: float | None, default: float) -> float:
    return default if given is None else given


def _adding(
    bias: Mapping[int, float],
) -> Callable[[Sequence[int], np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    def add(_ids: Sequence[int], logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        out = logits.copy()
        for token, value in bias.items():
            out[token] += value
        return out

    return add
