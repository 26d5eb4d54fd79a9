"""Gateways as a user starts them, once for all tests here, and what the clients' programs report.

Without `CLIENTS_HOME`, the folder of the other clients' environments that `make clients` makes,
the tests of the `openai` package alone are collected.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest

from tests.clients.environments import Environments, Report
from tests.clients.gateways import serving

RESULT = "20 degrees and sunny"
"""What the tool says: prompts with it go on after a call."""

collect_ignore = [] if "CLIENTS_HOME" in os.environ else ["test_programs.py"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def gateway():
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def url(gateway):
    """Return the address of a gateway."""
    return gateway.url


@pytest.fixture(scope="session")
def strict_url():
    """Return the address of one that ends a stream with an error when the output is malformed."""
    with serving("--policy", "strict") as running:
        yield running.url


@pytest.fixture(scope="session")
def report(gateway, strict_url, tmp_path_factory):
    """Return what a client's program reports; each runs once, when first asked for."""
    home = Path(os.environ["CLIENTS_HOME"]).resolve()
    addresses = (gateway.url, strict_url)
    environments = Environments(home, addresses, tmp_path_factory.mktemp("home"))

    @cache
    def run(client):
        begin = len(gateway.prompts)
        told = environments.run(client)
        prompts = gateway.prompts_with(RESULT, begin, 2 * len(told))
        return Report(told, prompts)

    return run
