"""Engines by their one-word address: ``vllm:http://host:8000``, ``demo``, ``replay:FILE``.

Knows which kinds there are, and nothing of how they work.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from importlib import import_module

from harmonium.engines.pool.engine import Pool
from harmonium.engines.protocol import Engine
from harmonium.engines.remote.dialect import Dialect
from harmonium.engines.remote.engine import RemoteEngine
from harmonium.engines.remote.http_client import Upstream
from harmonium.engines.replay.engine import ReplayEngine
from harmonium.errors import InvalidInputError, Position
from harmonium.limits import DEFAULT_LIMITS, Limits

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

_log = logging.getLogger("harmonium.engines")

ENGINE_KINDS = tuple(sorted((*_DIALECTS, "demo", "local", "replay")))


def open_engine(
    spec: str, *, api_key: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Engine:
    """Return the engine that a word names; several, with commas between them, become a `Pool`.

    Nothing is connected to until it is used.

    Args:
        spec: ``demo``; ``replay:FILE``; ``local:PATH``; or one of ``vllm``, ``sglang``,
            ``llamacpp``, ``trtllm``, ``lmdeploy``, ``completions``, ``ollama``, a colon and the
            server's address. ``demo:FAULT`` writes one of the malformed outputs.
        api_key: the bearer token for servers that want one.
        limits: time-outs and sizes.

    Raises:
        InvalidInputError: no engine is named so, or its address cannot be used
            (``invalid_engine``).

    Example:
        >>> open_engine("demo").name
        'demo'

    """
    one = partial(_open_one, api_key=api_key, limits=limits)
    engines = [one(part.strip()) for part in spec.split(",")]
    return engines[0] if len(engines) == 1 else Pool(engines)


def _open_one(spec: str, api_key: str | None, limits: Limits) -> Engine:
    kind, _, place = spec.partition(":")
    if kind in _DIALECTS:
        upstream = Upstream(place, kind, api_key=api_key, limits=limits)
        return RemoteEngine(upstream, _load_dialect(kind, limits))
    if kind == "demo":
        from harmonium.engines.demo import DemoEngine  # noqa: PLC0415  (it parses its prompts)

        return DemoEngine(place or None)
    if kind == "replay" and place:
        return ReplayEngine(place)
    if kind == "local" and place:
        return _open_local(place, limits)
    message = f"an engine is one of {', '.join(ENGINE_KINDS)}, a colon and its place"
    raise InvalidInputError(message, code="invalid_engine", position=Position(path="engine"))


def _load_dialect(kind: str, limits: Limits) -> Dialect:
    module = import_module(f"harmonium.engines.dialects.{kind}")
    dialect: Dialect = getattr(module, _DIALECTS[kind])(limits)
    if dialect.is_lossy:
        _log.warning("engine %s takes and gives text: structure may be lost", kind)
    return dialect


def _open_local(place: str, limits: Limits) -> Engine:
    try:
        room = import_module("harmonium.engines.local")
    except ImportError as error:
        message = f"engine local needs {error.name}, which is not here; install harmonium[local]"
        raise InvalidInputError(message, code="invalid_engine") from None
    engine: Engine = room.LocalEngine(place, limits=limits)
    return engine
