"""Input items as Harmony messages: one rule per type, including every item we emit.

It knows items and tool names; it knows nothing of a request's other fields. Reasoning and calls
of built-in tools stand on ``analysis``, calls of the application's tools on ``commentary``: where
the models put them themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from harmonium.errors import RequestError
from harmonium.model import DeveloperContent, Message
from harmonium.openai.requests.content import (
    result_text,
    split_reasoning,
    text_of,
    text_parts,
)
from harmonium.openai.requests.errors import error_param
from harmonium.openai.requests.tolerance import Adapter
from harmonium.openai.requests.tool_names import ToolKind, ToolName, ToolNameMap
from harmonium.openai.requests.tools import NO_ARGUMENTS
from harmonium.openai.responses.reasoning_encryption import ReasoningCipher
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.openai.responses.request.mcp_servers import ApprovedCall
from harmonium.openai.responses.request.previous_messages import HISTORY, read_previous_messages
from harmonium.openai.responses.web_search import call_of_action

NOT_APPROVED = "The user did not approve this call."
"""What the model reads in place of an answer; the reason follows where one is given."""

_BUILT_IN = frozenset({"browser", "python", "container"})


def item_type(item: JsonNode) -> str:
    """Return an item's type; without one it is a message, or a reference if it has no role."""
    value = item.value
    if type(value) is dict and type(value.get("type")) is str:
        return str(value["type"])
    kind = item.get("type")
    if not kind.is_null:
        return kind.text()
    is_reference = item.get("role").is_null and not item.get("id").is_null
    return "item_reference" if is_reference else "message"


class InputReader:
    """Turn input items into messages, one after the other: an output finds the calls before it.

    Args:
        names: the request's tools; those that only the history calls are added.
        cipher: opens ``encrypted_content``; None when this server seals nothing.
        adapter: where adaptations go.

    """

    def __init__(
        self, names: ToolNameMap, cipher: ReasoningCipher | None, adapter: Adapter
    ) -> None:
        self._names = names
        self._cipher = cipher
        self.adapter = adapter
        self._is_preamble = False
        self.calls: dict[str, ToolName] = {}
        """The tool behind every call id so far; of two calls with one id, the later counts."""
        self._requests: dict[str, ApprovedCall] = {}
        self._approved: dict[str, ApprovedCall] = {}

    @property
    def approved(self) -> tuple[ApprovedCall, ...]:
        """The calls of servers that were approved and that nobody has run yet."""
        return tuple(self._approved.values())

    def copy(self, names: ToolNameMap) -> InputReader:
        """Return a reader of its own that has read as much, with the same tools' names."""
        made = InputReader(names, self._cipher, self.adapter.copy())
        made.calls = self.calls.copy()
        made._requests = self._requests.copy()
        made._approved = self._approved.copy()
        return made

    def read(self, item: JsonNode, *, is_preamble: bool = False) -> list[Message]:
        """Return the messages an item stands for, none when it says nothing.

        Args:
            item: the item.
            is_preamble: whether a call of the same turn follows, should it be the assistant's text.

        Raises:
            RequestError: an unknown type, or an item that cannot be read.

        """
        kind = item_type(item)
        rule = self._READ.get(kind)
        if rule is None:
            known = ", ".join([*self._RULES, "item_reference"])
            JsonNode(None, f"{item.path}.type").fail(
                f"{item.path} has an unsupported type; allowed are {known}"
            )
        self._is_preamble = is_preamble
        with error_param(item.path):
            return rule(self, item)

    def _message(self, item: JsonNode) -> list[Message]:
        role = item.get("role").choice("user", "assistant", "system", "developer")
        content = item.get("content").given()
        if role == "assistant":
            return self._assistant(item, content)
        text = content.content()
        if role == "user":
            return [Message.user(text)]
        return [Message.developer(DeveloperContent(text))]

    def _assistant(self, item: JsonNode, content: JsonNode) -> list[Message]:
        """Return the assistant's text, behind the reasoning that stands in it."""
        reasoning, rest = split_reasoning(content.value)
        text = text_of(rest, content.path)
        phase, is_preamble = item.get("phase"), self._is_preamble
        if not phase.is_null:
            is_preamble = phase.choice("commentary", "final_answer") == "commentary"
        said = Message.assistant(text, channel="commentary" if is_preamble else "final")
        return [Message.assistant(reasoning, channel="analysis"), said] if reasoning else [said]

    def _reasoning(self, item: JsonNode) -> list[Message]:
        content, summary = item.get("content"), item.get("summary")
        text = "\n".join(text_parts(content.value, content.path))
        sealed = item.get("encrypted_content")
        if not text and not sealed.is_null:
            text = self._opened(sealed)
        if not text:  # all that some clients keep
            text = "\n".join(text_parts(summary.value, summary.path))
        return [Message.assistant(text, channel="analysis")] if text else []

    def _opened(self, sealed: JsonNode) -> str:
        text = None if self._cipher is None else self._cipher.open(sealed.text())
        if text is None:
            message = (
                f"{sealed.path} was not issued by this server, or was changed; send the item as "
                "it came, or leave it out"
            )
            refusal = RequestError(message, param=sealed.path, code="invalid_encrypted_content")
            self.adapter.adapt("sealed_reasoning", refusal)
        return text or ""

    def _function_call(self, item: JsonNode) -> list[Message]:
        tool = self._registered(item, "function")
        arguments = item.get("arguments").optional_text() or ""
        return [self._call(tool, arguments if arguments.strip() else NO_ARGUMENTS, "json")]

    def _custom_call(self, item: JsonNode) -> list[Message]:
        return [self._call(self._registered(item, "custom"), item.get("input").text(), None)]

    def _registered(self, item: JsonNode, kind: ToolKind) -> ToolName:
        """Return the tool that a call names, and keep it for the call's output."""
        tool = _tool_called(item, kind)
        self.calls[item.get("call_id").text()] = tool
        return tool

    def _call(self, tool: ToolName, text: str, content_type: str | None) -> Message:
        recipient = self._names.recipient(tool)
        return Message.assistant(
            text, channel="commentary", recipient=recipient, content_type=content_type
        )

    def _call_output(self, item: JsonNode) -> list[Message]:
        call_id = item.get("call_id")
        if call_id.is_null and not item.get("name").is_null:
            tool = _tool_called(item, "function")
        else:
            found = self.calls.get(call_id.text())
            if found is None:
                call_id.fail(f"{call_id.path} names no call that stands before its output")
            tool = found
        output = item.get("output").given()
        text = result_text(output.value, output.path, self.adapter)
        return [Message.tool(self._names.recipient(tool), text)]

    def _mcp_call(self, item: JsonNode) -> list[Message]:
        call = self._server_call(item, item.get("approval_request_id").optional_text() or "")
        answer = item.get("output").optional_text()
        if answer is None:
            answer = _error_text(item.get("error"))
        is_said = bool(call.request_id) and call.request_id in self._requests
        said = [] if is_said else [_spoken(call)]
        self._approved.pop(call.request_id, None)
        return said if answer is None else [*said, Message.tool(call.recipient, answer)]

    def _server_call(self, item: JsonNode, request_id: str) -> ApprovedCall:
        label, name = item.get("server_label").text(), item.get("name").text()
        recipient = self._mcp_recipient(label, name)
        return ApprovedCall(request_id, label, name, recipient, item.get("arguments").text())

    def _approval_request(self, item: JsonNode) -> list[Message]:
        """Return the call that waited for approval; a later item says whether it was approved."""
        call = self._server_call(item, item.get("id").text())
        self._requests[call.request_id] = call
        return [_spoken(call)]

    def _approval_response(self, item: JsonNode) -> list[Message]:
        wanted = item.get("approval_request_id").text()
        call = self._requests.get(wanted)
        if call is None:
            place = item.get("approval_request_id")
            place.fail(f"{place.path} names no approval request that stands before its response")
        if item.get("approve").given().flag(default=False):
            self._approved[wanted] = call
            return []
        self._approved.pop(wanted, None)
        reason = item.get("reason").optional_text()
        text = NOT_APPROVED if not reason else f"{NOT_APPROVED} {reason}"
        return [Message.tool(call.recipient, text)]

    def _mcp_recipient(self, label: str, name: str) -> str:
        if label in _BUILT_IN:
            return label if label == name else f"{label}.{name}"
        if label == name and self._names.tool(f"{label}.{name}") is None:
            return self._names.server(label)
        return self._names.recipient(ToolName(name, "mcp", label))

    def _web_search(self, item: JsonNode) -> list[Message]:
        function, arguments = call_of_action(item.get("action").mapping())
        given = item.get("arguments")
        text = arguments if given.is_null else given.text()
        asked = item.get("name")
        function = function if asked.is_null else asked.text()
        recipient = f"browser.{function}" if function else "browser"
        answer = None if item.get("results").is_null else item.get("results").content()
        return _built_in_call(recipient, text, answer)

    def _code_interpreter(self, item: JsonNode) -> list[Message]:
        outputs = item.get("outputs")
        answer = None if outputs.is_null else "".join(map(_log_text, outputs.items()))
        return _built_in_call("python", item.get("code").optional_text() or "", answer)

    def _previous_messages(self, item: JsonNode) -> list[Message]:
        history = JsonNode(item.get("messages").value, item.path)
        return read_previous_messages(history, self._names, self.calls)

    def _nothing(self, _: JsonNode) -> list[Message]:
        """Return no messages: the list of a server's tools is a declaration."""
        return []

    _RULES: ClassVar[Mapping[str, Callable[[InputReader, JsonNode], list[Message]]]] = {
        "message": _message,
        "reasoning": _reasoning,
        "function_call": _function_call,
        "function_call_output": _call_output,
        "custom_tool_call": _custom_call,
        "custom_tool_call_output": _call_output,
        "mcp_call": _mcp_call,
        "mcp_list_tools": _nothing,
        "mcp_approval_request": _approval_request,
        "mcp_approval_response": _approval_response,
        "web_search_call": _web_search,
        "code_interpreter_call": _code_interpreter,
    }
    """What a client may send."""
    _READ: ClassVar[Mapping[str, Callable[[InputReader, JsonNode], list[Message]]]] = {
        **_RULES,
        HISTORY: _previous_messages,
    }


def _tool_called(item: JsonNode, kind: ToolKind) -> ToolName:
    """Return the tool that a call names, with its namespace if it has one."""
    return ToolName(item.get("name").text(), kind, item.get("namespace").optional_text())


def _spoken(call: ApprovedCall) -> Message:
    """Return a call of a server as the model says it."""
    return Message.assistant(
        call.arguments, channel="commentary", recipient=call.recipient, content_type="json"
    )


def _built_in_call(recipient: str, text: str, answer: str | None) -> list[Message]:
    call = Message.assistant(text, channel="analysis", recipient=recipient, content_type="code")
    if answer is None:
        return [call]
    return [call, Message.tool(recipient, answer, channel="analysis")]


def _log_text(output: JsonNode) -> str:
    if output.get("type").choice("logs", "image") == "image":
        output.refuse("the model reads text only, and this output is an image")
    return output.get("logs").text()


def _error_text(error: JsonNode) -> str | None:
    """Return the text of a failed MCP call's error: a string, or one of the published objects."""
    if error.is_null or isinstance(error.value, str):
        return error.optional_text()
    content = error.get("content")
    return error.get("message").text() if content.is_null else content.content()
