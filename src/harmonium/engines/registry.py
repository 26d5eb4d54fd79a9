"""Engines by their one-word address: ``vllm:http://host:8000``, ``demo``, ``replay:FILE``.

Knows which kinds there are, and nothing of how they work.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import partial
from importlib import import_module

from harmonium.engines.pool.engine import Pool
from harmonium.engines.protocol import Engine
from harmonium.engines.remote.dialect import Dialect
from harmonium.engines.replay.engine import ReplayEngine
from harmonium.errors import InvalidInputError, Position
from harmonium.limits import DEFAULT_LIMITS, Limits
from harmonium.tokens import Tokenizer, load_tokenizer

_DIALECTS: Mapping[str, str] = {
    "vllm": "VllmDialect",
    "sglang": "SglangDialect",
    "llamacpp": "LlamacppDialect",
    "trtllm": "TrtllmDialect",
    "lmdeploy": "LmdeployDialect",
    "completions": "CompletionsDialect",
    "ollama": "OllamaDialect",
}
"""Kind -> the class in the module of its name, loaded when asked for: it needs msgspec."""

_API_PATH = re.compile(r"/v1(/(chat/)?completions|/responses)?/*\Z")
_log = logging.getLogger("harmonium.engines")

ENGINE_KINDS = tuple(sorted((*_DIALECTS, "demo", "local", "replay")))


def open_engine(
    spec: str,
    *,
    api_key: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    encoding: str = "o200k_harmony",
) -> Engine:
    """Return the engine that a word names; several, with commas between them, become a `Pool`.

    Nothing is connected to until it is used.

    Args:
        spec: ``demo``; ``replay:FILE``; ``local:PATH``; or one of ``vllm``, ``sglang``,
            ``llamacpp``, ``trtllm``, ``lmdeploy``, ``completions``, ``ollama``, a colon and the
            server's address. ``demo:FAULT`` writes one of the malformed outputs.
            ``/v1`` at the end of an address, as OpenAI's clients want it, is dropped.
        api_key: the bearer token for servers that want one.
        limits: time-outs and sizes.
        encoding: the model's encoding; its tokens say where a generation ends, and engines that
            take or return text encode with it.

    Raises:
        InvalidInputError: the word names no engine, or its address is unusable
            (``invalid_engine``).
        VocabularyError: there is no such encoding (``unknown_encoding``).

    Example:
        >>> open_engine("demo").name
        'demo'

    """
    tokenizer = load_tokenizer(encoding)
    one = partial(_open_one, api_key=api_key, limits=limits, tokenizer=tokenizer)
    engines = [one(part.strip()) for part in spec.split(",")]
    return engines[0] if len(engines) == 1 else Pool(engines)


def _open_one(spec: str, api_key: str | None, limits: Limits, tokenizer: Tokenizer) -> Engine:
    kind, _, place = spec.partition(":")
    if kind in _DIALECTS:
        return _open_remote(kind, place, api_key, limits, tokenizer)
    if kind == "demo":
        from harmonium.engines.demo import DemoEngine  # noqa: PLC0415  (it parses its prompts)

        return DemoEngine(place or None, encoding=tokenizer.name)
    if kind == "replay" and place:
        return ReplayEngine(place, tokenizer=tokenizer)
    if kind == "local" and place:
        return _open_local(place, limits, tokenizer)
    message = (
        f"unknown engine; use one of {', '.join(ENGINE_KINDS)}, a colon and an address or path"
    )
    raise InvalidInputError(message, code="invalid_engine", position=Position(path="engine"))


def _open_remote(
    kind: str, url: str, api_key: str | None, limits: Limits, tokenizer: Tokenizer
) -> Engine:
    try:
        remote = import_module("harmonium.engines.remote.engine")
        client = import_module("harmonium.engines.remote.http_client")
        dialect = _load_dialect(kind, limits, tokenizer)
    except ImportError as error:
        message = (
            f"engine {kind} needs {error.name}; install it with: pip install 'harmonium[server]'"
        )
        raise InvalidInputError(message, code="invalid_engine") from None
    upstream = client.Upstream(_base_url(url), kind, api_key=api_key, limits=limits)
    engine: Engine = remote.RemoteEngine(upstream, dialect)
    return engine


def _base_url(url: str) -> str:
    """Return an address without the path of OpenAI's API, which each dialect adds where it uses it.

    With it every request would go to ``/v1/v1/…``, and the first one would say 404.
    """
    return _API_PATH.sub("", url)


def _load_dialect(kind: str, limits: Limits, tokenizer: Tokenizer) -> Dialect:
    module = import_module(f"harmonium.engines.dialects.{kind}")
    dialect: Dialect = getattr(module, _DIALECTS[kind])(limits, tokenizer)
    if dialect.is_lossy:
        _log.warning("engine %s exchanges text, not token ids: structure may be lost", kind)
    return dialect


def _open_local(place: str, limits: Limits, tokenizer: Tokenizer) -> Engine:
    try:
        room = import_module("harmonium.engines.local")
    except ImportError as error:
        message = (
            f"engine local needs {error.name}; install it with: pip install 'harmonium[local]'"
        )
        raise InvalidInputError(message, code="invalid_engine") from None
    engine: Engine = room.LocalEngine(place, limits=limits, tokenizer=tokenizer)
    return engine
