"""Gateways as a user starts them, once for all tests here, and what the clients' programs report.

Without `CLIENTS_HOME`, the folder of the other clients' environments that `make clients` makes,
the tests of the `openai` package alone are collected.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from clients.environments import Environments
from clients.gateways import serving

collect_ignore = [] if "CLIENTS_HOME" in os.environ else ["test_programs.py"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def url():
    """Give the address of a gateway with the demo engine."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def strict_url():
    """Give the address of one that ends a stream with an error when the output is malformed."""
    with serving("--policy", "strict") as address:
        yield address


@pytest.fixture(scope="session")
def report(url, strict_url, tmp_path_factory):
    """Give what a client's program reports; each runs once, when first asked for."""
    home = Path(os.environ["CLIENTS_HOME"]).resolve()
    environments = Environments(home, (url, strict_url), tmp_path_factory.mktemp("home"))
    return cache(environments.run)
