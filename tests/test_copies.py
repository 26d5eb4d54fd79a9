"""Errors and encodings can be copied, and sent to another process, with all they carry."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from harmonium import errors, load_encoding
from harmonium.errors import HarmoniumError, Position


def pickled(value):
    return pickle.loads(pickle.dumps(value))  # noqa: S301  (what was pickled one call before)


WAYS = [copy.copy, copy.deepcopy, pickled]
CLASSES = [
    kind
    for kind in vars(errors).values()
    if inspect.isclass(kind) and issubclass(kind, HarmoniumError)
]
NEEDED = {"phase": "idle", "upstream_status": 400}


def made(kind):
    """An error with a value for whatever its class needs, and what callers set behind."""
    parameters = inspect.signature(kind).parameters
    error = kind("It is broken.", **{name: NEEDED[name] for name in NEEDED if name in parameters})
    error.position = Position(token=3, path="a.b")
    error.engine = "vllm:http://host"
    return error


@pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_is_the_same_behind_a_copy(kind, way):
    error = made(kind)
    found = way(error)
    assert type(found) is kind
    assert (str(found), found.args, vars(found)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("way", WAYS, ids=["copy", "deepcopy", "pickle"])
def test_an_encoding_is_one_object_in_a_process(way):
    encoding = load_encoding()
    assert way(encoding) is encoding
