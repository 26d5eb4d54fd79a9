"""Own what each input item says in Harmony: one rule a type, every item we emit among them.

It knows items and tool names; it knows nothing of a request's other fields. Reasoning and calls
of built-in tools stand on ``analysis``, calls of the application's tools on ``commentary``: where
the models put them themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from harmonium.model import DeveloperContent, Message
from harmonium.openai.content import text_parts
from harmonium.openai.failures import blaming
from harmonium.openai.responses.browser import call_of_action
from harmonium.openai.responses.encryption import ReasoningCipher
from harmonium.openai.responses.node import Node
from harmonium.openai.tool_names import ToolKind, ToolName, ToolNameMap

_CALLS: Mapping[str, ToolKind] = {"function_call": "function", "custom_tool_call": "custom"}
_OUTPUTS = {f"{kind}_output": kind for kind in _CALLS}
_BUILT_IN = frozenset({"browser", "python", "container"})


def item_type(item: Node) -> str:
    """Give an item's type; one without a type is a message, or a reference when it has no role."""
    kind = item.get("type")
    if type(kind.value) is str:
        return kind.value
    if not kind.is_null:
        return kind.text()
    is_reference = item.get("role").is_null and not item.get("id").is_null
    return "item_reference" if is_reference else "message"


class InputReader:
    """Turn input items into messages.

    Args:
        names: the request's tools.
        cipher: opens ``encrypted_content``; None when this server seals nothing.
        calls: every call in reach, by its ``call_id``: what `index_calls` gives.

    """

    def __init__(
        self, names: ToolNameMap, cipher: ReasoningCipher | None, calls: Mapping[str, ToolName]
    ) -> None:
        self._names = names
        self._cipher = cipher
        self._calls = calls
        self._rules: dict[str, Callable[[Node], list[Message]]] = {
            "message": self._message,
            "reasoning": self._reasoning,
            "function_call": self._function_call,
            "function_call_output": self._call_output,
            "custom_tool_call": self._custom_call,
            "custom_tool_call_output": self._call_output,
            "mcp_call": self._mcp_call,
            "mcp_list_tools": self._nothing,
            "web_search_call": self._web_search,
            "code_interpreter_call": self._code_interpreter,
        }

    def read(self, item: Node) -> list[Message]:
        """Give the messages an item stands for, none when it says nothing.

        Raises:
            RequestError: an unknown type, or an item that cannot be read.

        """
        kind = item_type(item)
        rule = self._rules.get(kind)
        if rule is None:
            known = ", ".join([*self._rules, "item_reference"])
            item.get("type").fail(f"{item.path} has an unsupported type; allowed are {known}")
        with blaming(item.path):
            return rule(item)

    def _message(self, item: Node) -> list[Message]:
        role = item.get("role").choice("user", "assistant", "system", "developer")
        text = item.get("content").given().content()
        if role == "user":
            return [Message.user(text)]
        if role == "assistant":
            phase = item.get("phase")
            is_preamble = not phase.is_null and phase.text() == "commentary"
            return [Message.assistant(text, channel="commentary" if is_preamble else "final")]
        return [Message.developer(DeveloperContent(text))]

    def _reasoning(self, item: Node) -> list[Message]:
        content = item.get("content")
        text = "\n".join(text_parts(content.value, content.path))
        sealed = item.get("encrypted_content")
        if not text and not sealed.is_null:
            text = self._opened(sealed)
        return [Message.assistant(text, channel="analysis")] if text else []

    def _opened(self, sealed: Node) -> str:
        text = None if self._cipher is None else self._cipher.open(sealed.text())
        if text is None:
            sealed.fail(
                f"{sealed.path} was not issued by this server, or was changed; send the item as "
                "it came, or leave it out",
                code="invalid_encrypted_content",
            )
        return text

    def _function_call(self, item: Node) -> list[Message]:
        return [self._call(tool_called(item, "function"), item.get("arguments").text(), "json")]

    def _custom_call(self, item: Node) -> list[Message]:
        return [self._call(tool_called(item, "custom"), item.get("input").text(), None)]

    def _call(self, tool: ToolName, text: str, content_type: str | None) -> Message:
        recipient = self._names.recipient(tool)
        return Message.assistant(
            text, channel="commentary", recipient=recipient, content_type=content_type
        )

    def _call_output(self, item: Node) -> list[Message]:
        call_id = item.get("call_id")
        if call_id.is_null and not item.get("name").is_null:
            tool = tool_called(item, "function")
        else:
            found = self._calls.get(call_id.text())
            if found is None:
                call_id.fail(f"no call with the id {call_id.text()} stands in the input or before")
            tool = found
        text = item.get("output").given().content()
        return [Message.tool(self._names.recipient(tool), text)]

    def _mcp_call(self, item: Node) -> list[Message]:
        label, name = item.get("server_label").text(), item.get("name").text()
        recipient = self._mcp_recipient(label, name)
        text = item.get("arguments").text()
        call = Message.assistant(
            text, channel="commentary", recipient=recipient, content_type="json"
        )
        answer = item.get("output").optional_text()
        if answer is None:
            answer = _error_text(item.get("error"))
        return [call] if answer is None else [call, Message.tool(recipient, answer)]

    def _mcp_recipient(self, label: str, name: str) -> str:
        if label in _BUILT_IN:
            return label if label == name else f"{label}.{name}"
        if label == name and self._names.tool(f"{label}.{name}") is None:
            return self._names.server(label)
        return self._names.recipient(ToolName(name, "mcp", label))

    def _web_search(self, item: Node) -> list[Message]:
        function, arguments = call_of_action(item.get("action").mapping())
        given = item.get("arguments")
        text = arguments if given.is_null else given.text()
        asked = item.get("name")
        function = function if asked.is_null else asked.text()
        recipient = f"browser.{function}" if function else "browser"
        answer = None if item.get("results").is_null else item.get("results").content()
        return _built_in_call(recipient, text, answer)

    def _code_interpreter(self, item: Node) -> list[Message]:
        outputs = item.get("outputs")
        answer = None if outputs.is_null else "".join(map(_log_text, outputs.items()))
        return _built_in_call("python", item.get("code").optional_text() or "", answer)

    def _nothing(self, _: Node) -> list[Message]:
        """Say nothing: the list of a server's tools is declared, not spoken."""
        return []


def index_calls(items: Iterable[Node]) -> dict[str, ToolName]:
    """Give the tool behind every call id; of two calls with one id, the later counts.

    Raises:
        RequestError: a call without an id or a name.

    """
    calls: dict[str, ToolName] = {}
    for item in items:
        kind = _CALLS.get(item_type(item))
        if kind is not None:
            calls[item.get("call_id").text()] = tool_called(item, kind)
    return calls


def tool_called(item: Node, kind: ToolKind) -> ToolName:
    """Give the tool that a call names, with its namespace if it has one."""
    return ToolName(item.get("name").text(), kind, item.get("namespace").optional_text())


def _built_in_call(recipient: str, text: str, answer: str | None) -> list[Message]:
    call = Message.assistant(text, channel="analysis", recipient=recipient, content_type="code")
    if answer is None:
        return [call]
    return [call, Message.tool(recipient, answer, channel="analysis")]


def _log_text(output: Node) -> str:
    if output.get("type").choice("logs", "image") == "image":
        output.refuse("the model reads text only, and this output is an image")
    return output.get("logs").text()


def _error_text(error: Node) -> str | None:
    """Give the text of a failed MCP call's error: a string, or one of the published objects."""
    if error.is_null or isinstance(error.value, str):
        return error.optional_text()
    content = error.get("content")
    return error.get("message").text() if content.is_null else content.content()
