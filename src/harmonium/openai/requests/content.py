"""Message content as text: strings, lists of parts, refusals. Does not know whose it is."""

from __future__ import annotations

from harmonium.errors import RequestError
from harmonium.openai.requests.errors import missing, wrong_type
from harmonium.openai.requests.json_fields import as_json, read_object, read_text

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
    "input_image": "an image",
    "computer_screenshot": "an image",
    "input_audio": "sound",
    "output_audio": "sound",
    "file": "a file",
    "input_file": "a file",
    "encrypted_content": "encrypted content",
}


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
