"""The server: one process or several, their sockets, their metrics files."""

from __future__ import annotations

import gc
import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp

from harmonium.encoding import load_encoding
from harmonium.engines import Engine, open_engine
from harmonium.errors import InvalidInputError, Position
from harmonium.gateway.app import create_app
from harmonium.gateway.config.api_keys import KeyRing, load_keys
from harmonium.gateway.config.reasoning_keys import load_cipher, with_reasoning_key
from harmonium.gateway.config.settings import Settings
from harmonium.gateway.http.server_config import BoundedConfig
from harmonium.gateway.observability.logging import flush_logs, set_up_logs
from harmonium.gateway.service import Service
from harmonium.gateway.storage.cache_limits import bound_caches
from harmonium.gateway.workers import METRICS_FOLDER, Workers, give_up_metrics_without_room


def make_service(
    settings: Settings, environment: Mapping[str, str], keys: KeyRing | None = None
) -> Service:
    """Put a gateway's parts together. Nothing is connected to until it is used.

    The caches, which belong to the process, get the bound of these settings.

    Args:
        settings: the configuration.
        environment: the variables that hold keys: ours and the engine's.
        keys: in place of those that the settings and the environment name.

    Raises:
        InvalidInputError: an engine, a key or an encoding that cannot be used.

    """
    ring = load_keys(settings, environment) if keys is None else keys
    encoding = load_encoding(settings.encoding)
    _ = encoding.format  # raises for an encoding without Harmony's tokens
    cipher = load_cipher(settings, environment)
    bound_caches(settings.cache_bytes, encoding)
    engines = {name: make_engine(one, environment) for name, one in settings.each_model().items()}
    engine = next(iter(engines.values())) if engines else make_engine(settings, environment)
    service = Service(settings, encoding, engine, ring, cipher=cipher, engines=engines)
    if keys is None:
        service.load_keys = lambda: load_keys(settings, environment)
    return service


def make_engine(settings: Settings, environment: Mapping[str, str]) -> Engine:
    """Open the engine that the settings of a model name; several become one.

    Raises:
        InvalidInputError: no engine is named so.

    """
    limits = settings.engine_limits()
    key = environment.get("HARMONIUM_ENGINE_API_KEY") or None
    return open_engine(
        ",".join(settings.engine), api_key=key, limits=limits, encoding=settings.encoding
    )


def serve(
    settings: Settings, environment: Mapping[str, str], announce: Callable[[int], None]
) -> None:
    """Serve until told to stop.

    Args:
        settings: the configuration.
        environment: the variables that hold keys.
        announce: is told the port, once it is ours.

    Raises:
        InvalidInputError: the address cannot be bound, or the settings cannot be used.

    """
    bound = _bind(settings)
    announce(bound.getsockname()[1])
    secrets_of = dict(environment)
    if settings.workers > 1:
        secrets_of = with_reasoning_key(environment)  # one for all workers
    config = BoundedConfig(_Application(settings, secrets_of, os.getpid()), settings)
    if settings.workers == 1:
        set_up_logs(settings.log_level)
        uvicorn.Server(config).run(sockets=[bound])
        return
    with tempfile.TemporaryDirectory(prefix="harmonium-metrics-") as folder:
        os.environ[METRICS_FOLDER] = folder
        set_up_logs(settings.log_level)
        Workers(config, sockets=[bound]).run()
        flush_logs()


_BACKLOG = 2048


@dataclass(frozen=True)
class _Application:
    """Build the application, in whichever process it runs."""

    settings: Settings
    environment: Mapping[str, str] = field(repr=False)
    parent: int

    def __call__(self) -> ASGIApp:
        set_up_logs(self.settings.log_level)
        give_up_metrics_without_room()
        service = make_service(self.settings, self.environment)
        service.parent = self.parent if os.getpid() != self.parent else None
        # what the first request would wait for: the encoder, and the parser's tables
        service.encoding.encode_ordinary("ready")
        service.encoding.lexicon.texts.fill()
        app = create_app(service)
        _settle_memory()
        return app


_COLLECT_EVERY = (20_000, 20, 20)
"""When Python looks for cycles: new objects, then looks at the young, then at the middle-aged.

A token of a stream leaves none behind and a request few, so its own 700 find nothing, often.
"""


def _settle_memory() -> None:
    """Spare the collector what stays for good: vocabulary, types, settings.

    Else it walks through all of that now and then, and every stream waits for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_EVERY)


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
    except OSError as error:
        found.close()
        where = f"{settings.host}:{settings.port}"
        message = f"cannot bind to {where}: {error.strerror or error}"
        place = Position(path="port")
        raise InvalidInputError(message, code="address_unusable", position=place) from None
    found.listen(_BACKLOG)  # whoever comes before the server is ready waits, and is not refused
    found.set_inheritable(True)
    return found
