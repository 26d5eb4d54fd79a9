"""Ask openai_harmony how it renders; runs in the oracle's own environment, so it imports nothing.

Inputs are JSON texts given straight to the Rust core, so that nothing in between changes them.
"""

from __future__ import annotations

import json

_loaded = []


def _encoding(library):
    """Load the encoding once a process."""
    if not _loaded:
        _loaded.append(library.load_harmony_encoding("HarmonyGptOss"))
    return _loaded[0]


def message(library, text, has_function_tools):
    """Return the ids of one message."""
    options = {"conversation_has_function_tools": has_function_tools}
    return _encoding(library)._inner.render(message_json=text, render_options=options)  # noqa: SLF001


def conversation(library, text, drop):
    """Return the ids of a conversation."""
    return _encoding(library)._inner.render_conversation(  # noqa: SLF001
        conversation_json=text, config={"auto_drop_analysis": drop}
    )


def completion(library, text, role, drop):
    """Return the ids of a conversation and the start of the next message."""
    return _encoding(library)._inner.render_conversation_for_completion(  # noqa: SLF001
        conversation_json=text, next_turn_role=role, config={"auto_drop_analysis": drop}
    )


def training(library, text, drop):
    """Return the ids of a conversation to train on."""
    return _encoding(library)._inner.render_conversation_for_training(  # noqa: SLF001
        conversation_json=text, config={"auto_drop_analysis": drop}
    )


_HEAD = (
    '{"role": "developer", "content": [{"type": "developer_content", "tools": {"functions": '
    '{"name": "functions", "tools": [{"name": "f", "description": "", "parameters": '
)
_BEFORE = "type f = (_: "
_AFTER = ") => any;\n\n} // namespace functions<|end|>"


def schema(library, text):
    """Return the TypeScript of a JSON Schema, cut out of a tool of a developer message."""
    rendered = message(library, _HEAD + text + "}]}}}]}", False)  # noqa: FBT003
    whole = _encoding(library).decode(rendered)
    start = whole.index(_BEFORE) + len(_BEFORE)
    if not whole.endswith(_AFTER):
        error = "the tools section does not end as expected"
        raise ValueError(error)
    return whole[start : -len(_AFTER)]


def built_in_tools(library, name):
    """Return the ids of a system message with a built-in namespace and nothing else."""
    space = getattr(library.ToolNamespaceConfig, name)()
    tools = {space.name: space.model_dump()}
    content = {"type": "system_content", "tools": tools}
    text = json.dumps({"role": "system", "content": [content]})
    return message(library, text, False)  # noqa: FBT003
