"""Every rule of the OpenAI rooms is shown by a test, and every test there shows a rule.

``tests/data/openai_requirements*.toml`` hold the rules: each with where it comes from, what
happens, and the tests that show it. ``covers`` lists folders whose every test must be named; a
manifest without it has a test of its own beside its tests.
"""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
KEYS = {"id", "source", "rule", "tests"}


@cache
def _read(path):
    return tomllib.loads(path.read_text("utf-8"))


MANIFESTS = [
    path
    for path in sorted((TESTS / "data").glob("openai_requirements*.toml"))
    if "covers" in _read(path)
]


def _requirements():
    return [entry for path in MANIFESTS for entry in _read(path)["requirement"]]


@cache
def _tests_in(place):
    tree = ast.parse((TESTS / place).read_text("utf-8"))
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[:5] == "test_"
    }


def _exists(test):
    place, _, name = test.partition("::")
    return (TESTS / place).is_file() and name in _tests_in(place)


def test_there_are_requirements():
    assert len(_requirements()) > 0


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_requirement_says_whence_what_and_which_tests(path):
    unclear = [
        entry.get("id", "?")
        for entry in _read(path)["requirement"]
        if set(entry) != KEYS or not all(entry.values())
    ]
    assert unclear == []


def test_no_two_requirements_have_one_name():
    names = [entry["id"] for entry in _requirements()]
    assert [name for name in set(names) if names.count(name) > 1] == []


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_test_that_a_requirement_names_exists(path):
    named = [(entry["id"], test) for entry in _read(path)["requirement"] for test in entry["tests"]]
    assert [(name, test) for name, test in named if not _exists(test)] == []


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_test_of_a_covered_folder_shows_a_requirement(path):
    named = {test for entry in _requirements() for test in entry["tests"]}
    places = [
        file.relative_to(TESTS).as_posix()
        for folder in _read(path)["covers"]
        for file in sorted((TESTS / folder).glob("test_*.py"))
    ]
    tests = [f"{place}::{name}" for place in places for name in sorted(_tests_in(place))]
    assert [test for test in tests if test not in named] == []
