"""What a stored response was made of can be listed, page by page."""

from __future__ import annotations

import pytest
from openai.types.responses import ResponseItem, ResponseItemList
from pydantic import TypeAdapter

from harmonium.openai.responses import ITEM_KINDS, shown_items
from tests.gateway.reading import error_of
from tests.gateway.running import RESPONSES, running

ITEM = TypeAdapter(ResponseItem)
PATH = "/v1/responses"


def stored(gateway, items, **fields):
    """The id of a response made of some items."""
    return gateway.client.post(PATH, json=RESPONSES | {"input": items} | fields).json()["id"]


def listed(gateway, name, **query):
    return gateway.client.get(f"{PATH}/{name}/input_items", params=query)


def user(text):
    return {"role": "user", "content": text}


ITEMS = [
    user("hi"),
    {"role": "assistant", "content": "Hello."},
    {"type": "message", "role": "assistant", "id": "msg_a", "status": "completed", "content": [
        {"type": "output_text", "text": "x", "annotations": []},
        {"type": "refusal", "refusal": "no"}]},
    {"role": "developer", "content": [{"type": "input_text", "text": "Be brief."}]},
    {"type": "reasoning", "id": "rs_a", "content": [{"type": "reasoning_text", "text": "Hm."}]},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c", "output": "20"},
    {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "x"},
    {"type": "custom_tool_call_output", "call_id": "d",
     "output": [{"type": "input_text", "text": "y"}]},
    {"type": "web_search_call", "id": "ws_a", "action": {"type": "search", "query": "q"}},
    {"type": "code_interpreter_call", "id": "ci_a", "container_id": "k", "code": "1"},
    {"type": "mcp_list_tools", "id": "l", "server_label": "n", "tools": []},
    {"type": "mcp_approval_request", "id": "a", "server_label": "n", "name": "f", "arguments": ""},
    {"type": "mcp_approval_response", "approval_request_id": "a", "approve": False},
    {"type": "mcp_call", "id": "m", "server_label": "n", "name": "f", "arguments": "{}"},
    user("bye") | {"id": "msg_a"},
    user("again") | {"id": ["no text"]},
]  # fmt: skip


def test_every_item_is_shown_as_the_api_has_it():
    shown = shown_items(ITEMS, "resp_1")
    assert [item["type"] for item in shown] == [item.get("type", "message") for item in ITEMS]
    assert len({item["id"] for item in shown}) == len(ITEMS)
    for item in shown:
        ITEM.validate_python(item, strict=True)
    assert {item["type"] for item in shown} == {
        kind for kind, fate in ITEM_KINDS.items() if not fate.startswith("refused")
    } - {"item_reference"}
    assert shown_items(ITEMS, "resp_1") == shown


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 7, 17, 100])
def test_pages_of_any_size_hold_all_items_once(gateway, client, order, limit):
    name = stored(gateway, ITEMS)
    ids = [item.id for item in client.responses.input_items.list(name, limit=limit, order=order)]
    asked = list(reversed(ids)) if order == "desc" else ids
    shown = [item["id"] for item in listed(gateway, name, limit=100, order="asc").json()["data"]]
    assert asked == shown
    assert len(ids) == len(ITEMS)


def test_a_page_says_where_it_begins_and_ends(gateway):
    name = stored(gateway, [user(f"{n}") for n in range(30)])
    page = ResponseItemList.model_validate(listed(gateway, name).json(), strict=True)
    assert (len(page.data), page.has_more) == (20, True)
    assert (page.first_id, page.last_id) == (page.data[0].id, page.data[-1].id)
    assert page.data[0].content[0].text == "29"
    last = listed(gateway, name, after=page.last_id, limit=10).json()
    assert (len(last["data"]), last["has_more"]) == (10, False)


def test_the_items_are_those_of_the_whole_conversation(gateway):
    first = stored(gateway, "My name is Ada.")
    told = [user("I was here before.")]
    second = stored(gateway, "Who am I?", previous_response_id=first, previous_input_messages=told)
    items = listed(gateway, second, order="asc").json()["data"]
    assert [item["type"] for item in items] == ["message", "reasoning", "message", "message"]
    texts = [item["content"][0]["text"] for item in items]
    assert texts == ["My name is Ada.", "Think.", "Hello there.", "Who am I?"]


def test_a_response_of_nothing_has_no_items(gateway):
    name = stored(gateway, [])
    found = listed(gateway, name).json()
    assert found == {
        "object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"order": "up"}, "order"),
        ({"after": "msg_none"}, "after"),
    ],
)
def test_a_page_that_cannot_be_given_is_refused_by_name(gateway, query, param):
    answer = listed(gateway, stored(gateway, "Hi"), **query)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


def test_what_is_not_kept_is_not_listed(gateway):
    assert listed(gateway, "resp_none").status_code == 404
    with running(store="none") as other:
        assert listed(other, "resp_none").status_code == 404


def test_a_stored_response_is_not_streamed_again(gateway):
    name = stored(gateway, "Hi")
    plain = gateway.client.get(f"{PATH}/{name}", params={"stream": "false"})
    answer = gateway.client.get(f"{PATH}/{name}", params={"stream": "true"})
    assert plain.status_code == 200
    assert (answer.status_code, error_of(answer)["param"]) == (400, "stream")
