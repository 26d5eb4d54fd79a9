"""The oracles, started once for all tests, and the vocabulary they read: the bundled one."""

import pytest
from hypothesis import HealthCheck, settings

from harmonium.tokens import export_vocabulary
from tests.oracle import Oracle

# The machines that test are shared: no deadlines. Derandomized, so that a run can be repeated.
settings.register_profile(
    "harmonium",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("harmonium")


@pytest.fixture(scope="session")
def encodings(tmp_path_factory):
    """Give a folder that holds the bundled vocabulary in its published form."""
    folder = tmp_path_factory.mktemp("encodings")
    export_vocabulary(folder / "o200k_base.tiktoken")
    return folder


@pytest.fixture(scope="session")
def oracle_oss(encodings):
    """Give oss-harmony 0.0.11."""
    oracle = Oracle("oss", encodings)
    yield oracle
    oracle.close()


@pytest.fixture(scope="session")
def oracle_legacy(encodings):
    """Give openai-harmony 0.0.8."""
    oracle = Oracle("legacy", encodings)
    yield oracle
    oracle.close()
