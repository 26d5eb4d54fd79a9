"""The oracles, started once for all tests, and the vocabulary they read: the bundled one."""

import os

import pytest
from hypothesis import HealthCheck, settings

from harmonium.tokens import export_vocabulary
from tests.oracle import Oracle

# The machines that test are shared: no deadlines. Derandomized, so that a run can be repeated.
settings.register_profile(
    "harmonium",
    deadline=None,
    derandomize=True,
    max_examples=60,  # the whole run must fit into 25 minutes on two processors
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

QUICK = os.environ.get("TEST_PROFILE") == "quick"
FEW_EXAMPLES = 10
NOT_QUICK = {"oracle", "oracle_oss", "oracle_legacy", "reference"}
settings.register_profile("quick", settings.get_profile("harmonium"), max_examples=FEW_EXAMPLES)
settings.register_profile("long", settings.get_profile("harmonium"), max_examples=300)
settings.load_profile(os.environ.get("TEST_PROFILE") or "harmonium")


def pytest_collection_modifyitems(config, items):
    """Leave out, for `make quick`, what takes long, and take few examples of each property."""
    if not QUICK:
        return
    slow = [item for item in items if _is_slow(item)]
    items[:] = [item for item in items if not _is_slow(item)]
    config.hook.pytest_deselected(items=slow)
    for item in items:
        _take_few_examples(getattr(item, "function", None))


def _is_slow(item):
    marked = any(item.get_closest_marker(name) for name in ("alone", "slow"))
    return marked or not NOT_QUICK.isdisjoint(getattr(item, "fixturenames", ()))


def _take_few_examples(test):
    # A test's own settings win over a profile's and can be set once: hence the attribute.
    name = "_hypothesis_internal_use_settings"
    own = getattr(test, name, None)
    if own is not None:
        setattr(test, name, settings(own, max_examples=min(own.max_examples, FEW_EXAMPLES)))


@pytest.fixture(scope="session")
def encodings(tmp_path_factory):
    """Return a folder that holds the bundled vocabulary in its published form."""
    folder = tmp_path_factory.mktemp("encodings")
    export_vocabulary(folder / "o200k_base.tiktoken")
    return folder


@pytest.fixture(scope="session")
def oracle_oss(encodings):
    """Return oss-harmony 0.0.11."""
    oracle = Oracle("oss", encodings)
    yield oracle
    oracle.close()


@pytest.fixture(scope="session")
def oracle_legacy(encodings):
    """Return openai-harmony 0.0.8."""
    oracle = Oracle("legacy", encodings)
    yield oracle
    oracle.close()
