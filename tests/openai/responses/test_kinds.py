"""Every published kind of item and of tool is in a table, and the table is what happens."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from openai.types.responses import response_input_item, tool

from harmonium.openai import RequestError
from harmonium.openai.responses import ITEM_KINDS, TOOL_KINDS
from tests.openai.responses.running import request_of, setup_of


def _kinds(union):
    """The words that ``type`` may be in any member of a union of models."""
    members = get_args(get_args(union)[0])
    literals = (member.model_fields["type"].annotation for member in members)
    return {word for literal in literals for word in _words(literal)}


def _words(annotation):
    inner = get_args(annotation)
    if all(isinstance(word, str) for word in inner):
        return set(inner)
    return {word for part in inner for word in _words(part) if word}


def test_the_tables_know_every_published_kind():
    assert _kinds(response_input_item.ResponseInputItem) == set(ITEM_KINDS)
    assert _kinds(tool.Tool) | {"container"} == set(TOOL_KINDS)


def _said_of(**fields):
    with pytest.raises(RequestError) as caught:
        request_of(replace(setup_of(), tolerance="strict"), **fields)
    return caught.value.param


@pytest.mark.parametrize("kind", [kind for kind, what in ITEM_KINDS.items() if "refused" in what])
def test_an_item_that_the_table_refuses_is_refused_by_its_type(kind):
    assert _said_of(input=[{"type": kind, "id": "x"}]) == "input[0].type"


@pytest.mark.parametrize(
    "kind", [kind for kind, what in ITEM_KINDS.items() if "refused" not in what]
)
def test_every_other_item_is_read_as_far_as_it_goes(kind):
    item = {"type": kind, "id": 3, "role": 3, "call_id": 3, "output": 3, "action": 3}
    item |= {"encrypted_content": 3, "code": 3, "content": 3, "server_label": 3}
    place = _said_of(input=[item])
    assert place.startswith("input[0].")
    assert place != "input[0].type"


@pytest.mark.parametrize("kind", [kind for kind, what in TOOL_KINDS.items() if "refused" in what])
def test_a_tool_that_the_table_refuses_is_refused_by_its_type(kind):
    assert _said_of(tools=[{"type": kind}]) == "tools[0].type"


@pytest.mark.parametrize(
    ("tool", "settings"),
    [
        (
            {
                "type": "web_search",
                "filters": {"allowed_domains": ["x.org"]},
                "search_context_size": "low",
                "external_web_access": False,
            },
            {
                "browser": {
                    "filters": {"allowed_domains": ["x.org"]},
                    "search_context_size": "low",
                    "external_web_access": False,
                }
            },
        ),
        (
            {"type": "web_search", "filters": {"allowed_domains": None}},
            {"browser": {"filters": {"allowed_domains": None}}},
        ),
        (
            {"type": "web_search", "filters": {"allowed_domains": []}, "user_location": {}},
            {
                "browser": {
                    "filters": {"allowed_domains": []},
                    "user_location": {
                        "type": "approximate",
                        "city": None,
                        "country": None,
                        "region": None,
                        "timezone": None,
                    },
                }
            },
        ),
        (
            {"type": "web_search_preview", "user_location": {"type": "approximate", "city": "A"}},
            {
                "browser": {
                    "user_location": {
                        "type": "approximate",
                        "city": "A",
                        "country": None,
                        "region": None,
                        "timezone": None,
                    }
                }
            },
        ),
        (
            {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}},
            {"python": {"container": {"type": "auto", "memory_limit": "4g"}}},
        ),
        (
            {"type": "code_interpreter", "container": "c_1"},
            {"python": {"container": "c_1"}},
        ),
    ],
)
def test_what_a_built_in_tool_is_to_keep_to_is_for_who_runs_it(tool, settings):
    request = request_of(tools=[tool])
    assert request.tools.settings == settings
    (kept,) = settings.values()
    assert request.values["tools"] == [{"type": tool["type"], **kept}]


def test_a_built_in_tool_is_not_given_twice_with_other_settings():
    twice = [{"type": "web_search"}, {"type": "web_search", "search_context_size": "low"}]
    assert _said_of(tools=twice) == "tools[1]"
    assert request_of(tools=[twice[0], twice[0]]).tools.built_in == ("browser",)
