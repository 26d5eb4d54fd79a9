"""What the gateway takes of uvicorn: a new version that lacks some of it fails here first."""

from __future__ import annotations

import inspect

import uvicorn
from uvicorn.server import ServerState
from uvicorn.supervisors import Multiprocess

from harmonium.gateway import Settings
from harmonium.gateway.http.protocol import HttpConnection
from harmonium.gateway.http.server_config import BoundedConfig


def test_our_connections_are_what_uvicorn_makes():
    config = BoundedConfig(lambda: None, Settings())
    config.load()
    assert config.http_protocol_class is HttpConnection


def test_a_connection_is_made_with_the_names_that_we_take():
    made = inspect.getsource(uvicorn.Server.startup)
    names = {"config", "server_state", "app_state", "_loop"}
    assert set(inspect.signature(HttpConnection).parameters) == names
    assert all(f"{name}=" in made for name in names)


def test_connections_share_what_we_use():
    state = ServerState()
    assert isinstance(state.connections, set)
    assert isinstance(state.tasks, set)
    assert (state.total_requests, state.default_headers) == (0, [])


def test_the_supervisor_of_workers_has_the_hooks_that_we_take():
    hooks = ("keep_subprocess_alive", "handle_hup", "handle_term")
    assert [name for name in hooks if not callable(getattr(Multiprocess, name, None))] == []
    assert list(inspect.signature(Multiprocess).parameters)[:2] == ["config", "sockets"]
