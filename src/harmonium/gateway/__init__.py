"""The HTTP service: OpenAI's APIs over HTTP, in front of an engine of tokens.

Only the settings are loaded at once; what serves needs the extra ``server``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from harmonium.gateway.config.settings import Option, Settings, options
from harmonium.gateway.config.sources import load_settings

if TYPE_CHECKING:
    from harmonium.gateway.app import create_app
    from harmonium.gateway.config.api_keys import KeyRing
    from harmonium.gateway.server import make_service, serve
    from harmonium.gateway.service import Service

__all__ = [
    "KeyRing",
    "Option",
    "Service",
    "Settings",
    "create_app",
    "load_settings",
    "make_service",
    "options",
    "serve",
]

_LATER = {
    "KeyRing": "config.api_keys",
    "Service": "service",
    "create_app": "app",
    "make_service": "server",
    "serve": "server",
}


def __getattr__(name: str) -> object:
    """Load what serves, when it is first asked for."""
    if name not in _LATER:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
