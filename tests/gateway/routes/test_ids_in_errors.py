"""Ids that clients choose: an error names where one stands, and never repeats it."""

from __future__ import annotations

import pytest

from tests.gateway.reading import error_of
from tests.gateway.running import CHAT, RESPONSES

ID = "canary-id-okapi-" + "x" * 2_000
CALL = {"id": ID, "type": "function", "function": {"name": "f", "arguments": "{}"}}
ASSISTANT = {"role": "assistant", "tool_calls": [CALL]}
OUTPUT = {"type": "function_call_output", "call_id": ID, "output": "x"}
FUNCTION = {"type": "function_call", "call_id": ID, "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "tool", "tool_call_id": ID, "content": "x"}],
        [ASSISTANT, {"role": "tool", "tool_call_id": "other", "content": "x"}],
        [{"role": "assistant", "tool_calls": [CALL, CALL | {"function": {"name": ID}}]}],
        [{"role": "assistant", "tool_calls": [CALL | {"type": ID}]}],
        [{"role": "user", "name": ID, "content": [{"type": ID}]}],
    ],
)
def test_an_id_of_a_call_is_not_repeated_in_chat(gateway, messages):
    answer = gateway.client.post("/v1/chat/completions", json=CHAT | {"messages": messages})
    assert answer.status_code in {200, 400}
    assert "canary" not in (answer.text if answer.status_code == 400 else "")


@pytest.mark.parametrize(
    "fields",
    [
        {"input": [OUTPUT]},
        {"input": [FUNCTION, OUTPUT | {"output": [{"type": ID}]}]},
        {"input": [{"type": "item_reference", "id": ID}]},
        {"input": [{"type": "mcp_approval_response", "approval_request_id": ID, "approve": True}]},
        {"input": [{"type": "reasoning", "id": ID, "summary": [], "encrypted_content": ID}]},
        {"input": [FUNCTION | {"type": "custom_tool_call", "id": ID}]},
        {"input": [{"type": "custom_tool_call_output", "call_id": ID, "output": "x"}]},
        {"previous_response_id": ID},
        {"conversation": ID},
        {"prompt": {"id": ID}},
    ],
)
def test_an_id_of_an_item_is_not_repeated_in_responses(gateway, fields):
    answer = gateway.client.post("/v1/responses", json=RESPONSES | fields)
    assert answer.status_code in {200, 400, 404}
    assert "canary" not in (error_of(answer)["message"] if answer.status_code != 200 else "")


def test_the_place_of_an_unknown_call_is_told(gateway):
    answer = gateway.client.post("/v1/responses", json=RESPONSES | {"input": [OUTPUT]})
    assert answer.status_code == 400
    assert error_of(answer)["param"] == "input[0].call_id"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("path", ["/v1/responses/{}", "/v1/models/{}", "/v1/{}"])
def test_an_id_in_a_path_is_not_repeated(gateway, method, path):
    answer = gateway.client.request(method, path.format(ID))
    assert answer.status_code in {404, 405}
    assert "canary" not in answer.text
