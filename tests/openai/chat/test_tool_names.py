"""Tools' names go into Harmony and come back, whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import InvalidInputError, Message
from harmonium.model.names import check_name
from harmonium.openai import ToolName, ToolNameMap, route
from tests.openai.chat.running import ENCODING, flat, ids_of, request_of, whole

AWKWARD = [
    "look up", "a.b", "a b", "a_b", "a__b", "naïve", "天気", "<|call|>", "python", "browser.search",
    "final", "commentary", "assistant", "functions.f", "f", "f" * 300, "-", ".", "...", "", " ",
    "json", "to=x", "a\nb", "x<|end|>", "_2", "tool_2", "Python", "user", "start", "a\ud800",
]  # fmt: skip
NAMES = st.one_of(st.sampled_from(AWKWARD), st.text(max_size=12))
TOOLS = st.builds(
    ToolName,
    NAMES,
    st.sampled_from(["function", "custom"]),
    st.one_of(st.none(), NAMES),
)
SERVER_TOOLS = st.builds(ToolName, NAMES, st.just("mcp"), NAMES)


@given(st.lists(TOOLS | SERVER_TOOLS, unique=True), st.lists(NAMES), st.lists(TOOLS | SERVER_TOOLS))
def test_every_tool_has_a_name_of_its_own_and_comes_back_by_it(declared, servers, called):
    names = ToolNameMap(declared, servers)
    found = {tool: names.recipient(tool) for tool in [*declared, *called]}
    assert len(set(found.values())) == len(found)
    assert {names.tool(recipient): recipient for recipient in found.values()} == found
    for recipient in found.values():
        check_name(recipient, "recipient")


@given(st.lists(TOOLS, unique=True))
def test_a_call_to_any_tool_comes_back_as_that_tool(declared):
    names = ToolNameMap(declared)
    for tool in declared:
        call = Message.assistant("{}", channel="commentary", recipient=names.recipient(tool))
        (parsed,) = ENCODING.parse(
            ENCODING.render([call])[2:], role="assistant", tools=names.declared
        )
        found = route(parsed.recipient, parsed.channel, parsed.author.role, names)
        assert (found.name, found.kind, found.namespace) == (tool.name, tool.kind, tool.namespace)


@given(st.lists(NAMES, unique=True))
def test_every_server_has_a_namespace_of_its_own(labels):
    names = ToolNameMap((), labels)
    spaces = [names.server(label) for label in labels]
    assert len(set(spaces)) == len(spaces)
    assert [names.label(space) for space in spaces] == labels
    assert not set(spaces) & {"functions", "browser", "python", "container"}


def test_names_that_harmony_can_carry_are_kept():
    kept = [ToolName(name) for name in ("get_weather", "a-b", "a.b", "2x", "_x", "X")]
    assert ToolNameMap(kept).declared == tuple(tool.name for tool in kept)


def test_a_name_that_is_kept_comes_before_one_that_is_spelt_like_it():
    assert ToolNameMap([ToolName("a b"), ToolName("a_b")]).declared == ("a_b_2", "a_b")


@pytest.mark.parametrize("name", ["python", "browser.search", "final", "assistant", "functions.f"])
def test_names_that_mean_something_else_are_not_used(name):
    request = request_of(tools=[{"type": "function", "function": {"name": name}}])
    (safe,) = request.names.declared
    assert safe not in {name, name.removeprefix("functions.")}
    ids = ids_of(
        f"<|channel|>commentary to=functions.{safe} <|constrain|>json<|message|>{{}}<|call|>"
    )
    assert flat(whole(ids, request))["calls"][0]["function"]["name"] == name


@pytest.mark.parametrize("to", ["python", "functions.python", "functions.tool_python"])
def test_a_declared_tool_called_as_the_model_knows_it_is_called(to):
    request = request_of(tools=[{"type": "function", "function": {"name": "python"}}])
    ids = ids_of(f"<|channel|>commentary to={to} <|constrain|>json<|message|>{{}}<|call|>")
    assert flat(whole(ids, request))["calls"][0]["function"]["name"] == "python"


def test_declared_names_that_are_words_of_the_format_break_no_header():
    tools = [{"type": "function", "function": {"name": n}} for n in ("final", "assistant", "json")]
    ids = ids_of(
        "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b"
    )
    message = flat(whole(ids, request_of(tools=tools)))["message"]
    assert message == {"role": "assistant", "reasoning": "a", "content": "b"}


def test_namespaces_keep_tools_of_one_name_apart():
    names = ToolNameMap([ToolName("get", "function", "crm"), ToolName("get", "function", "mail")])
    assert names.declared == ("crm__get", "mail__get")


def test_tools_of_servers_are_not_for_the_parser_which_would_make_functions_of_them():
    names = ToolNameMap([ToolName("f"), ToolName("find", "mcp", "notes"), ToolName("g", "custom")])
    assert names.declared == ("f", "g")
    ids = ids_of("<|channel|>commentary to=notes.find<|message|>{}<|call|>")
    (said,) = ENCODING.parse(ids, role="assistant", tools=names.declared)
    found = route(said.recipient, said.channel, said.author.role, names)
    assert (found.kind, found.name, found.server_label) == ("mcp", "find", "notes")


def test_a_tool_declared_twice_is_an_error():
    with pytest.raises(InvalidInputError, match="declared twice"):
        ToolNameMap([ToolName("f"), ToolName("f")])


def test_many_names_that_would_meet_take_linear_time():
    declared = [ToolName(f"{'é' * (n + 1)}", "custom") for n in range(3000)]
    assert len(set(ToolNameMap(declared).declared)) == 3000
