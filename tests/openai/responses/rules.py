"""The order of a response's events, written from the rules and not from the code.

`faults` says what is wrong with a stream; an empty list is a stream in order. The grammar of each
item is a regular expression over the names of its events.
"""

from __future__ import annotations

import re

TERMINAL = {"response.completed", "response.incomplete", "response.failed", "error"}

GRAMMAR = {
    "mcp_list_tools": (
        "added mcp_list_tools.in_progress (mcp_list_tools.completed |mcp_list_tools.failed )done "
    ),
    "mcp_approval_request": "added done ",
    "refusal": "added content_part.added (refusal.delta )*refusal.done content_part.done done ",
    "message": (
        "added content_part.added (output_text.delta (output_text.annotation.added )*)*"
        "output_text.done content_part.done done "
    ),
    "reasoning": (
        "added content_part.added ((reasoning_text|reasoning).delta )*"
        "(reasoning_text|reasoning).done content_part.done done "
    ),
    "function_call": ("added (function_call_arguments.delta )*function_call_arguments.done done "),
    "custom_tool_call": ("added (custom_tool_call_input.delta )*custom_tool_call_input.done done "),
    "mcp_call": (
        "added mcp_call.in_progress (mcp_call_arguments.delta )*mcp_call_arguments.done "
        "(mcp_call.completed |mcp_call.failed )?done "
    ),
    "code_interpreter_call": (
        "added code_interpreter_call.in_progress (code_interpreter_call_code.delta )*"
        "code_interpreter_call_code.done (code_interpreter_call.interpreting "
        "(code_interpreter_call.completed )?)?done "
    ),
    "web_search_call": (
        "added web_search_call.in_progress (web_search_call.searching "
        "(web_search_call.completed )?)?done "
    ),
}
PREFIX = {
    "mcp_list_tools": "mcpl_",
    "mcp_approval_request": "mcpr_",
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "custom_tool_call": "ctc_",
    "mcp_call": "mcp_",
    "code_interpreter_call": "ci_",
    "web_search_call": "ws_",
}
TEXT = {
    "function_call": "arguments",
    "custom_tool_call": "input",
    "mcp_call": "arguments",
    "code_interpreter_call": "code",
}
WITHOUT_STATUS = {"mcp_list_tools", "mcp_approval_request"}
WITHOUT_DELTAS = {"web_search_call", *WITHOUT_STATUS}
LAST_STATUS = {"completed", "incomplete", "failed"}


def faults(events):
    """Return everything that is wrong with a whole stream of events."""
    return [
        *_numbers(events),
        *_frame(events),
        *_items(events),
        *_end(events),
    ]


def _numbers(events):
    found = [event["sequence_number"] for event in events]
    return [] if found == list(range(len(events))) else [f"sequence numbers are {found}"]


def _frame(events):
    """The lifecycle: created, queued or not, in progress, items, one terminal event."""
    names = [event["type"] for event in events]
    said = []
    if names[0] != "response.created" or names[1] not in {
        "response.in_progress",
        "response.queued",
    }:
        said.append(f"it begins with {names[:2]}")
    if names.count("response.in_progress") > 1 or names.count("response.created") != 1:
        said.append("a lifecycle event comes twice")
    if [name for name in names if name in TERMINAL] != names[-1:]:
        said.append(f"its terminal events are not one at the end: {names[-1]}")
    responses = [event["response"] for event in events if "response" in event]
    if len({response["id"] for response in responses}) != 1:
        said.append("the response changes its id")
    if any("usage" in response for response in responses[:-1]):
        said.append("there is a usage before the end")
    return said


def _items(events):
    said = []
    indices = [event["output_index"] for event in events if event["type"].endswith("item.added")]
    if indices != list(range(len(indices))):
        said.append(f"output indices are {indices}")
    for index in indices:
        said += _item([event for event in events if event.get("output_index") == index])
    return said


def _item(events):
    first, last = events[0].get("item"), events[-1].get("item")
    if first is None or last is None:
        return [f"an item begins with {events[0]['type']} and ends with {events[-1]['type']}"]
    kind, name = first["type"], first["id"]
    said = []
    shape = "".join(f"{_short(event['type'])} " for event in events)
    if not re.fullmatch(GRAMMAR[_grammar(kind, last)].replace(".", r"\."), shape):
        said.append(f"the events of a {kind} are {shape}")
    if {event.get("item_id", name) for event in events} != {name} or last["id"] != name:
        said.append("an item changes its id")
    if not name.startswith(PREFIX[kind]) or last["type"] != kind:
        said.append(f"a {kind} has the id {name}")
    said += _statuses(kind, first, last)
    if {event.get("content_index", 0) for event in events} != {0}:
        said.append("content indices are not those of one part")
    return said + _texts(events, kind, last)


def _grammar(kind, item):
    """Refusals are messages whose part is of another type."""
    parts = [part["type"] for part in item["content"]] if kind == "message" else []
    return "refusal" if parts == ["refusal"] else kind


def _statuses(kind, first, last):
    if kind in WITHOUT_STATUS:
        return [] if "status" not in {*first, *last} else [f"a {kind} has a status"]
    if first["status"] != "in_progress" or last["status"] not in LAST_STATUS:
        return [f"an item goes from {first['status']} to {last['status']}"]
    return []


def _short(name):
    return {"response.output_item.added": "added", "response.output_item.done": "done"}.get(
        name, name.removeprefix("response.")
    )


def _texts(events, kind, last):
    """Deltas, the done event, the part and the item all say the same."""
    deltas = "".join(event["delta"] for event in events if event["type"].endswith(".delta"))
    texts = [deltas] if kind not in WITHOUT_DELTAS else []
    for event in events:
        name = event["type"]
        if name.endswith((".done", "_part.done")) and "item" not in event:
            texts.append(_said(event.get("part", event)))
    if kind in TEXT:
        texts.append(last[TEXT[kind]])
    elif "content" in last:
        texts += [_said(part) for part in last["content"]]
        if len(last["content"]) != 1:
            texts.append(None)
    return [] if len(set(texts)) <= 1 else [f"a {kind} says {texts}"]


def _said(event):
    """The whole text that a done event or a part holds."""
    names = ("text", "arguments", "input", "code", "refusal")
    (said,) = (event[key] for key in names if key in event)
    return said


def _end(events):
    """The last response is made of the items as they were done, and its status fits its event."""
    last = events[-1]
    if last["type"] == "error":
        return []
    response = last["response"]
    done = sorted(
        (event for event in events if event["type"] == "response.output_item.done"),
        key=lambda event: event["output_index"],
    )
    said = []
    if [event["item"] for event in done] != response["output"]:
        said.append("the last response has other items than the stream")
    if "usage" not in response:
        said.append("the last response has no usage")
    status = last["type"].removeprefix("response.")
    if response["status"] != status and (response["status"], status) != ("cancelled", "incomplete"):
        said.append(f"{status} carries a response that is {response['status']}")
    if (response["completed_at"] is not None) != (status == "completed"):
        said.append("it says when it was completed and was not, or the reverse")
    return said
