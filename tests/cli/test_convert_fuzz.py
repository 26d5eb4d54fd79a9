"""``harmonium convert`` on any JSON: a result, or one line that says what is wrong."""

from __future__ import annotations

import contextlib
import io
import json
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium.cli import main

NAMES = """
    role content type text tool_calls function custom name arguments input output id call_id
    choices message finish_reason model messages tools usage prompt_tokens input_tokens status
    incomplete_details reason reasoning summary action refusal
"""
VALUES = """
    assistant user message reasoning function_call function custom custom_tool_call mcp_call
    web_search_call code_interpreter_call function_call_output incomplete length output_text m
"""
FIELDS = NAMES.split()
WORDS = st.sampled_from(VALUES.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5)
ANYTHING = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), below, max_size=5)
    ),
    max_leaves=12,
)
LIKELY = WORDS | ANYTHING


def _some(**fields):
    return st.fixed_dictionaries({}, optional=fields)


CALLS = _some(
    id=LIKELY,
    type=WORDS,
    function=_some(name=LIKELY, arguments=LIKELY) | ANYTHING,
    custom=_some(name=LIKELY, input=LIKELY) | ANYTHING,
)
MESSAGES = _some(
    role=st.just("assistant"), content=LIKELY, tool_calls=st.lists(CALLS, max_size=2) | ANYTHING
)
CHOICES = st.lists(_some(message=MESSAGES, finish_reason=LIKELY) | ANYTHING, max_size=2)
ITEMS = _some(**dict.fromkeys(FIELDS, LIKELY))
OUTPUTS = st.lists(ITEMS | ANYTHING, max_size=3)
INPUTS = {
    "chat": MESSAGES | _some(choices=CHOICES, model=LIKELY, usage=ANYTHING) | ANYTHING,
    "responses": OUTPUTS
    | _some(output=OUTPUTS, model=LIKELY, status=LIKELY, tools=ANYTHING, usage=ANYTHING)
    | ITEMS
    | ANYTHING,
    "harmony": st.lists(MESSAGES, max_size=3) | ANYTHING,
}
SHAPES = st.sampled_from(["tokens", "text", "harmony", "chat", "responses", "events"])


def _outcome(words, text):
    """Run ``main``; give its exit code, what it wrote, and its complaint."""
    before, out, err = sys.stdin, io.StringIO(), io.StringIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
    except SystemExit as stop:
        code = stop.code
    finally:
        sys.stdin = before
    return code, out.getvalue(), err.getvalue()


@pytest.mark.parametrize("source", INPUTS)
@given(data=st.data(), to=SHAPES)
@settings(max_examples=150)
def test_any_json_is_converted_or_told_to_be_wrong(source, data, to):
    text = json.dumps(data.draw(INPUTS[source]))
    code, out, err = _outcome(["convert", "--quiet", "--from", source, "--to", to], text)
    if code == 0:
        assert (out != "" or to in {"text", "events"}, err) == (True, "")
    else:
        assert (code in {1, 2}, out, "error[internal]" in err) == (True, "", False)
        assert err.count("error[") == 1
