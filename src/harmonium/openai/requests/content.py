"""Message content as text: strings, lists of parts, refusals. Does not know whose it is."""

from __future__ import annotations

import json
from collections.abc import Mapping

from harmonium.errors import RequestError
from harmonium.openai.requests.errors import missing, wrong_type
from harmonium.openai.requests.json_fields import as_json, read_object, read_text
from harmonium.openai.requests.tolerance import Adapter

_FIELDS = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "summary_text": "text",
    "reasoning_text": "text",
    "refusal": "refusal",
    "thinking": "thinking",
}
"""Type of a part that is text -> the field the text stands in."""

_NOT_TEXT = {
    "image_url": "an image",
    "image": "an image",
    "input_image": "an image",
    "computer_screenshot": "an image",
    "input_audio": "sound",
    "output_audio": "sound",
    "file": "a file",
    "input_file": "a file",
    "encrypted_content": "encrypted content",
}


_REASONING = frozenset(
    {"thinking", "redacted_thinking", "reasoning", "reasoning_text", "summary_text"}
)
"""Types of parts in which clients send an assistant's reasoning inside its content."""


def split_reasoning(content: object) -> tuple[str, object]:
    """Return the reasoning in an assistant's content, and the content without it.

    Agents keep both in one list, as other APIs have it (vercel/ai#17930). Parts that hold sealed
    reasoning of another API have no text, and are left out.

    >>> split_reasoning([{"type": "thinking", "thinking": "Why"}, {"type": "text", "text": "a"}])
    ('Why', [{'type': 'text', 'text': 'a'}])
    """
    if not isinstance(content, list | tuple):
        return "", content
    parts = [as_json(part) for part in content]
    reasoning = [part for part in parts if isinstance(part, Mapping) and _is_reasoning(part)]
    if not reasoning:
        return "", content
    texts = (part.get(name) for part in reasoning for name in ("thinking", "text", "reasoning"))
    rest = [part for part in parts if not (isinstance(part, Mapping) and _is_reasoning(part))]
    return "\n".join(text for text in texts if isinstance(text, str) and text), rest


def _is_reasoning(part: Mapping[str, object]) -> bool:
    kind = part.get("type")
    return isinstance(kind, str) and kind in _REASONING


def result_text(content: object, param: str, adapter: Adapter) -> str:
    """Return the text of a tool's result: a string, parts, or a JSON value as its text.

    A part that is an image or a file becomes a short text, where that is tolerated: the session
    would be lost otherwise, since its client sends it again with every turn (letta-code#3215).
    Objects are what chat templates take as results (vllm-project/vllm#25001).
    """
    if isinstance(content, str) or content is None:
        return content or ""
    content = as_json(content)
    if isinstance(content, Mapping):
        kind = content.get("type")
        if not (isinstance(kind, str) and (kind in _FIELDS or kind in _NOT_TEXT)):
            return json.dumps(content, ensure_ascii=False)
        content = [content]
    if not isinstance(content, list | tuple):
        return json.dumps(content)
    texts = [_result_part(part, f"{param}[{index}]", adapter) for index, part in enumerate(content)]
    return "".join(texts)


def _result_part(part: object, param: str, adapter: Adapter) -> str:
    try:
        return _text_of_part(part, param)
    except RequestError as error:
        if error.code != "unsupported_content":
            raise
        adapter.adapt("image_in_result", error)
        kind = str(read_object(as_json(part), param)["type"])
        return f"[{_NOT_TEXT[kind]}, which this model cannot read]"


def text_of(content: object, param: str) -> str:
    """Return the text of content: a string, or a list of text and refusal parts joined; null is "".

    Args:
        content: what stands in a message's ``content``, or a tool's output.
        param: where it stands, for the error.

    Raises:
        RequestError: a part that is no text (the model reads text only), or no content at all.

    Example:
        >>> text_of([{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}], "x")
        'ab'

    """
    return "".join(text_parts(content, param))


def text_parts(content: object, param: str) -> list[str]:
    """Return the text of each part; a string is one part, null none. See `text_of`."""
    if content is None:
        return []
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list | tuple):
        raise wrong_type(param, "a string or an array of parts", content)
    return [_text_of_part(part, f"{param}[{index}]") for index, part in enumerate(content)]


def _text_of_part(part: object, param: str) -> str:
    if isinstance(part, str):
        return part
    fields = read_object(as_json(part), param)
    kind = fields.get("type", "text" if "text" in fields else None)
    if kind is None:
        raise missing(param, "type")
    kind = read_text(kind, f"{param}.type")
    field = _FIELDS.get(kind)
    if field is None:
        raise _unreadable(kind, param)
    if fields.get(field) is None:
        raise missing(param, field)
    return read_text(fields[field], f"{param}.{field}")


def _unreadable(kind: str, param: str) -> RequestError:
    what = _NOT_TEXT.get(kind)
    if what is None:
        message = f"{param}.type is unknown; allowed are {', '.join(sorted(_FIELDS))}"
        return RequestError(message, param=f"{param}.type", code="invalid_value")
    message = f"{param} is {what}; the model reads text only"
    return RequestError(message, param=f"{param}.type", code="unsupported_content")
