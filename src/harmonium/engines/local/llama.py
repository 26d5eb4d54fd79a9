"""Own running a GGUF file through llama-cpp-python; know nothing of threads or event loops.

The library is imported when a model is loaded: it is an extra, and compiled when installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harmonium.engines.local.likelihood import logprob_of
from harmonium.engines.local.options import LocalOptions
from harmonium.engines.local.runtime import Generation, Interest, Token, Unwanted
from harmonium.engines.protocol import Capabilities, GenerationRequest, Grammar, Sampling

if TYPE_CHECKING:
    import numpy as np

_MOST_LOGPROBS = 20
_ANY_SEED = 0xFFFFFFFF
"""llama.cpp draws a seed of its own for this one."""

_ABORTED = "llama_decode returned 2"


class LlamaRuntime:
    """Run one GGUF model.

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
        self._interest: Interest | None = None
        self._held: list[int] = []
        # kept by reference: the library must not outlive what it calls
        self._callback = llama_cpp.ggml_abort_callback(self._is_unwanted)
        llama_cpp.llama_set_abort_callback(self._llama.ctx, self._callback, None)

    @property
    def vocabulary(self) -> int:
        """How many ids the model knows."""
        return int(self._llama.n_vocab())

    def capabilities(self) -> Capabilities:
        """Tell what llama.cpp can do with this model."""
        return Capabilities(
            models=(self._name,),
            max_context=self._llama.n_ctx(),
            constraints=frozenset({"grammar"}),
            logprobs=_MOST_LOGPROBS,
        )

    def start(
        self,
        request: GenerationRequest,
        room: int,  # noqa: ARG002  (the context has no other bound)
        interest: Interest,
    ) -> Generation:
        """Begin a generation; nothing is computed before its first token is asked for."""
        prompt = list(request.prompt)
        same = takewhile(lambda pair: pair[0] == pair[1], zip(self._held, prompt, strict=False))
        cached = min(sum(1 for _ in same), len(prompt) - 1)
        return Generation(self._tokens(prompt, request, interest), cached)

    def close(self) -> None:
        """Free the model."""
        self._llama.close()

    def _tokens(
        self, prompt: list[int], request: GenerationRequest, interest: Interest
    ) -> Iterator[Token]:
        sampling = request.sampling
        self._interest, self._held = interest, prompt
        self._llama.set_seed(_ANY_SEED if sampling.seed is None else sampling.seed & _ANY_SEED)
        try:
            for made in self._llama.generate(prompt, **self._choices(request)):
                token = int(made)
                yield self._token(token, sampling)
                self._held.append(token)
        except RuntimeError as error:
            self._llama.reset()
            self._held = []
            if interest.is_lost() and str(error) == _ABORTED:
                raise Unwanted from None
            raise
        finally:
            self._interest = None

    def _token(self, token: int, sampling: Sampling) -> Token:
        if sampling.logprobs is None:
            return Token(token)
        return Token(token, logprob_of(token, self._logits(), sampling.logprobs))

    def _logits(self) -> np.ndarray[Any, Any]:
        """Look at the logits that the last token was chosen from; the next one replaces them."""
        import numpy as np  # noqa: PLC0415  (comes with the library)

        found = self._library.llama_get_logits_ith(self._llama.ctx, -1)
        return np.ctypeslib.as_array(found, shape=(self._llama.n_vocab(),))

    def _choices(self, request: GenerationRequest) -> dict[str, Any]:
        """Put the sampling in the library's words; what is open is as gpt-oss recommends."""
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
        if isinstance(request.constraint, Grammar):
            grammar = self._library.LlamaGrammar
            out["grammar"] = grammar.from_string(request.constraint.text, verbose=False)
        return out

    def _is_unwanted(self, _data: object) -> bool:
        """Answer llama.cpp, which asks while it computes."""
        return self._interest is not None and self._interest.is_lost()


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
