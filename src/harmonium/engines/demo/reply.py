"""The demo engine's reply: a line of reasoning, then an answer, a tool call, or a fault.

Knows what a prompt says, and nothing of chunks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from harmonium.encoding import Encoding
from harmonium.engines.demo.prompt_reader import PromptContext
from harmonium.engines.demo.schema_values import value_for
from harmonium.errors import InvalidInputError

_REQUESTED_FAULT = re.compile(r"\bdemo:fault=([\w-]+)")
_RECIPIENT = re.compile(r"to=([\w.-]+)")
_NO_MODEL = "This is harmonium's demo engine, without a model."
_MAX_QUOTED_CHARS = 200


def reply(context: PromptContext, encoding: Encoding, fault: str | None = None) -> list[int]:
    """Return the ids the demo engine answers with, up to the stop id.

    Args:
        context: what the prompt says.
        encoding: what to write in.
        fault: the name of a malformed output, or of a category of them, to write instead. The
            user's message can ask for one, too: ``demo:fault=missing-message``.

    """
    requested = _REQUESTED_FAULT.search(context.user)
    name = fault or (requested and requested[1])
    writer = _ReplyWriter(context, encoding)
    if name and not context.results:
        faults = fault_texts()
        if name in faults:
            return encoding.encode(faults[name], allowed_special="all")
        known = ", ".join(sorted(faults))
        return [
            *writer.reasoning(),
            *writer.answer(f"{_NO_MODEL} It can play these faults: {known}."),
        ]
    if not context.is_harmony:
        return writer.text_to_return(f" {_NO_MODEL}")
    return writer.continued_message() or [*writer.reasoning(), *writer.call_or_answer()]


def fault_texts() -> Mapping[str, str]:
    """Return the malformed outputs by name, and the first of each kind by the kind's name."""
    from harmonium.testing import malformed_cases  # noqa: PLC0415  (read when asked for)

    cases = [case for case in malformed_cases() if case.role is not None]
    kinds = {case.category.replace("_", "-"): case.text for case in reversed(cases)}
    return kinds | {case.id: case.text for case in cases}


def check_fault(name: str) -> None:
    """Check that there is a fault of this name.

    Raises:
        InvalidInputError: it has none; the message lists them (``unknown_fault``).

    """
    known = fault_texts()
    if name not in known:
        message = f"unknown fault; the demo engine can play: {', '.join(sorted(known))}"
        raise InvalidInputError(message, code="unknown_fault")


class _ReplyWriter:
    """The parts of one reply, written as ids."""

    def __init__(self, context: PromptContext, encoding: Encoding) -> None:
        self._context = context
        self._format = encoding.format
        self._encode = encoding.encode_ordinary

    def reasoning(self) -> list[int]:
        """Return a whole analysis message, and the start of the next."""
        text = "There is no model, so there is nothing to think about."
        if self._context.tools and not self._context.results:
            text = f"There is no model. A tool is declared: {self._wanted_tool()}."
        return [*self._message("analysis", text), self._format.end, *self._next_header()]

    def call_or_answer(self) -> list[int]:
        """Return a call of a declared tool until one has answered, then the answer."""
        if self._context.tools and not self._context.results:
            name = self._wanted_tool()
            form = self._format
            header = [form.channel, *self._encode(f"commentary to={name} ")]
            return [*header, *self._call_content(name)]
        return self.answer(self._answer_text())

    def answer(self, text: str) -> list[int]:
        """Return a whole final message."""
        return [*self._message("final", text), self._format.return_]

    def text_to_return(self, text: str) -> list[int]:
        """Return plain text up to the stop id."""
        return [*self._encode(text), self._format.return_]

    def continued_message(self) -> list[int]:
        """Return the rest of a message whose header the prompt has begun; empty if it has not."""
        form = self._format
        header, is_complete, content = self._context.header.partition("<|message|>")
        recipient = _RECIPIENT.search(header)
        if content or (recipient is None and "<|channel|>" not in header):
            return self.text_to_return(f" {_NO_MODEL}") if content else []
        if recipient is not None:
            return self._continued_call(
                recipient[1],
                is_complete=bool(is_complete),
                has_channel="<|channel|>" in header,
            )
        opening = [] if is_complete else [form.message]
        if "analysis" in header:
            rest = [*self._encode(_NO_MODEL), form.end, *self._next_header()]
            return [*opening, *rest, *self.call_or_answer()]
        return [*opening, *self.text_to_return(self._answer_text())]

    def _continued_call(self, recipient: str, *, is_complete: bool, has_channel: bool) -> list[int]:
        """Return the rest of a call: its arguments, behind the rest of the tool's name.

        A caller that wants any of several tools called writes the header up to their namespace.
        """
        name = recipient
        if not is_complete and recipient not in self._context.tools:
            name = self._wanted_tool(f"{recipient.removesuffix('.')}.")
        if name and name != recipient:
            rest = [*self._encode(name.removeprefix(recipient))]
            if not has_channel:  # the recipient stands in the role, before the channel
                rest += [self._format.channel, *self._encode("commentary")]
            return [*rest, *self._encode(" "), *self._call_content(name)]
        opening = [] if is_complete else [self._format.message]
        return [*opening, *self._arguments(recipient), self._format.call]

    def _call_content(self, name: str) -> list[int]:
        form = self._format
        return [
            form.constrain,
            *self._encode("json"),
            form.message,
            *self._arguments(name),
            form.call,
        ]

    def _arguments(self, name: str) -> list[int]:
        return self._encode(_to_json(self._context.tools.get(name, {})))

    def _answer_text(self) -> str:
        """Return JSON where a schema is asked for, else a sentence."""
        context = self._context
        if context.schema is not None:
            return _to_json(value_for(context.schema))
        if context.results:
            return f"{_NO_MODEL} The tool said: {_truncate(context.results[-1])}"
        return f"{_NO_MODEL} You said: {_truncate(context.user)}"

    def _wanted_tool(self, prefix: str = "") -> str:
        """Return the first tool that the user names, else the first there is; empty for none."""
        names = [name for name in self._context.tools if name.startswith(prefix)]
        words = set(re.findall(r"[\w-]+", self._context.user))
        named = [name for name in names if name.rpartition(".")[2] in words]
        return next(iter(named or names), "")

    def _message(self, channel: str, text: str) -> list[int]:
        form = self._format
        return [form.channel, *self._encode(channel), form.message, *self._encode(text)]

    def _next_header(self) -> list[int]:
        return [self._format.start, *self._encode("assistant")]


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_QUOTED_CHARS else f"{text[:_MAX_QUOTED_CHARS]}…"
