"""What users see: the names a package gives, where they say they come from, what they say."""

from __future__ import annotations

import importlib
import inspect
import typing

import pydantic
import pytest

import harmonium
from tests.house.sources import sources

PACKAGES = [source.name for source in sources() if source.is_package and source.room != "cli"]
GIVING = [name for name in PACKAGES if hasattr(importlib.import_module(name), "__all__")]


def _order(name):
    """Constants, then classes, then functions, each by name: the order the linter keeps."""
    return (not name.isupper(), not name[0].isupper(), name)


def _named(package):
    module = importlib.import_module(package)
    return {name: getattr(module, name) for name in module.__all__}


def _speaks(thing):
    """Classes and functions carry docstrings; constants and type aliases do not."""
    return inspect.isclass(thing) or inspect.isfunction(thing)


def _members(kind):
    """Public methods and properties that the class itself defines."""
    for name, member in vars(kind).items():
        inner = getattr(member, "__func__", member)
        if not name.startswith("_") and (inspect.isfunction(inner) or isinstance(member, property)):
            yield name, inner


def test_the_package_and_its_rooms_list_their_public_names():
    assert {"harmonium", "harmonium.model", "harmonium.parse", "harmonium.render"} <= set(GIVING)


@pytest.mark.parametrize("package", GIVING)
def test_public_names_are_listed_in_order_and_once(package):
    names = list(importlib.import_module(package).__all__)
    assert names == sorted(set(names), key=_order)


@pytest.mark.parametrize("package", GIVING)
def test_every_listed_name_exists(package):
    assert [name for name, thing in _named(package).items() if thing is None] == []


@pytest.mark.parametrize("package", GIVING)
def test_every_public_class_and_function_has_a_docstring_of_its_own(package):
    silent = [
        name for name, thing in _named(package).items() if _speaks(thing) and not thing.__doc__
    ]
    assert silent == []


@pytest.mark.parametrize("package", GIVING)
def test_every_public_member_has_a_docstring(package):
    silent = [
        f"{name}.{member}"
        for name, thing in _named(package).items()
        if inspect.isclass(thing) and thing.__module__.startswith("harmonium")
        for member, inner in _members(thing)
        if not inspect.getdoc(inner)
    ]
    assert silent == []


@pytest.mark.parametrize("package", GIVING)
def test_a_docstring_begins_with_one_sentence_on_one_line(package):
    summaries = {
        name: inspect.getdoc(thing).splitlines()[0]
        for name, thing in _named(package).items()
        if _speaks(thing) and thing.__doc__
    }
    assert {name: line for name, line in summaries.items() if not line.endswith(".")} == {}


def test_classes_and_functions_say_they_come_from_harmonium():
    elsewhere = {
        name: thing.__module__
        for name, thing in _named("harmonium").items()
        if _speaks(thing) and thing.__module__ != "harmonium"
    }
    assert elsewhere == {}


def test_the_types_of_public_things_can_be_asked_for():
    things = _named("harmonium").values()
    hints = [typing.get_type_hints(thing) for thing in things if _speaks(thing)]
    assert len(hints) > len(things) // 2


def test_pydantic_can_check_our_dataclasses():
    checked = pydantic.TypeAdapter(harmonium.Conversation)
    conversation = harmonium.Conversation((harmonium.Message.user("hi"),))
    assert checked.validate_python(conversation) == conversation
    assert checked.json_schema()


def test_the_names_that_others_rely_on_are_there():
    expected = {"Conversation", "Encoding", "Message", "Parser", "Role", "load_encoding"}
    assert expected <= set(harmonium.__all__)


def test_no_signature_of_a_public_function_says_any():
    vague = [
        f"{package}.{name}"
        for package in GIVING
        if not package.startswith("harmonium.compat")
        for name, thing in _named(package).items()
        if inspect.isfunction(thing) and "Any" in str(thing.__annotations__)
    ]
    assert vague == []
