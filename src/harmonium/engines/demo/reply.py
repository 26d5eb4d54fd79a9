"""The demo engine's reply: a line of reasoning, then an answer, a tool call, or a fault.

Knows the situation it answers, and nothing of chunks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from harmonium.engines.demo.prompt_reader import PromptContext
from harmonium.engines.demo.schema_values import value_for
from harmonium.errors import InvalidInputError
from harmonium.tokens import HARMONY_FORMAT, load_tokenizer

_ASKED_FAULT = re.compile(r"\bdemo:fault=([\w-]+)")
_NO_MODEL = "This is harmonium's demo engine: no model is here."
_MOST_QUOTED = 200
_FORMAT = HARMONY_FORMAT


def reply(situation: PromptContext, fault: str | None = None) -> list[int]:
    """Return the ids the demo engine answers with, to the stop id.

    Args:
        situation: what there is to answer.
        fault: the name of a malformed output, or of its kind, to write instead. The user's message
            can ask for one, too: ``demo:fault=missing-message``.

    """
    asked = _ASKED_FAULT.search(situation.user)
    name = fault or (asked and asked[1])
    if name and not situation.results:
        faults = fault_texts()
        if name in faults:
            return load_tokenizer().encode(faults[name], allowed_special="all")
        known = ", ".join(sorted(faults))
        return [*_thought(situation), *_answer(f"{_NO_MODEL} It knows these faults: {known}.")]
    if not situation.is_harmony:
        return [*_plain(f" {_NO_MODEL}"), _FORMAT.return_]
    return _continued(situation) or [*_thought(situation), *_act(situation)]


def fault_texts() -> Mapping[str, str]:
    """Return the malformed outputs by name, and the first of each kind by the kind's name."""
    from harmonium.testing import malformed_cases  # noqa: PLC0415  (read when asked for)

    cases = [case for case in malformed_cases() if case.role is not None]
    kinds = {case.category.replace("_", "-"): case.text for case in reversed(cases)}
    return kinds | {case.id: case.text for case in cases}


def check_fault(name: str) -> None:
    """Refuse a name that no fault has.

    Raises:
        InvalidInputError: it has none; the message lists them (``unknown_fault``).

    """
    known = fault_texts()
    if name not in known:
        message = f"the demo engine knows no such fault; it knows {', '.join(sorted(known))}"
        raise InvalidInputError(message, code="unknown_fault")


def _thought(situation: PromptContext) -> list[int]:
    text = "No model is here, so there is nothing to think about."
    if situation.tools and not situation.results:
        text = f"No model is here. A tool is declared: {_wanted_tool(situation)}."
    return [*_message("analysis", text), _FORMAT.end, *_next()]


def _act(situation: PromptContext) -> list[int]:
    if situation.tools and not situation.results:
        name = _wanted_tool(situation)
        return _call(name, situation.tools[name])
    return _answer(_words(situation))


def _answer(words: str) -> list[int]:
    return [*_message("final", words), _FORMAT.return_]


def _continued(situation: PromptContext) -> list[int]:
    """Go on with a message whose header the prompt has written; nothing when it has not."""
    header, is_whole, begun = situation.header.partition("<|message|>")
    recipient = re.search(r"to=([\w.-]+)", header)
    if begun or (recipient is None and "<|channel|>" not in header):
        return [*_plain(f" {_NO_MODEL}"), _FORMAT.return_] if begun else []
    opening = [] if is_whole else [_FORMAT.message]
    if recipient is not None:
        arguments = situation.tools.get(recipient[1], {})
        return [*opening, *_plain(_json(arguments)), _FORMAT.call]
    if "analysis" in header:
        return [*opening, *_plain(_NO_MODEL), _FORMAT.end, *_next(), *_act(situation)]
    return [*opening, *_plain(_words(situation)), _FORMAT.return_]


def _words(situation: PromptContext) -> str:
    """Return the answer: JSON where a schema is due, else words."""
    if situation.schema is not None:
        return _json(value_for(situation.schema))
    if situation.results:
        return f"{_NO_MODEL} The tool said: {_cut(situation.results[-1])}"
    return f"{_NO_MODEL} You said: {_cut(situation.user)}"


def _wanted_tool(situation: PromptContext) -> str:
    """Return the first tool that the user names, else the first there is."""
    said = set(re.findall(r"[\w-]+", situation.user))
    named = [name for name in situation.tools if name.rpartition(".")[2] in said]
    return (named or list(situation.tools))[0]


def _call(recipient: str, arguments: object) -> list[int]:
    return [
        _FORMAT.channel,
        *_plain(f"commentary to={recipient} "),
        _FORMAT.constrain,
        *_plain("json"),
        _FORMAT.message,
        *_plain(_json(arguments)),
        _FORMAT.call,
    ]


def _message(channel: str, text: str) -> list[int]:
    return [_FORMAT.channel, *_plain(channel), _FORMAT.message, *_plain(text)]


def _next() -> list[int]:
    return [_FORMAT.start, *_plain("assistant")]


def _plain(text: str) -> list[int]:
    return load_tokenizer().encode_ordinary(text)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]}…"
