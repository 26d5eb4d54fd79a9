"""The gateway's OpenAPI document, and a page that shows it and fetches nothing.

Answers are described by the ``openai`` package's own types, so that the document says what its
clients expect; requests by the tables that read their fields, so that it says what is enforced.
Serves nothing.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from functools import cache

from harmonium import __version__
from harmonium.json_types import JSONObject
from harmonium.openai import (
    chat_request_schema,
    completion_request_schema,
    responses_request_schema,
)

_JSON = "application/json"
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
_QUERIES: Mapping[str, tuple[JSONObject, ...]] = {
    "/v1/responses/{id}/input_items": (
        {
            "name": "limit",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100},
        },
        {"name": "order", "in": "query", "schema": {"enum": ["asc", "desc"]}},
        {"name": "after", "in": "query", "schema": {"type": "string"}},
    ),
}
"""Path -> its query parameters."""

_ERROR_STATUSES = (400, 401, 403, 404, 408, 413, 415, 421, 429, 431, 500, 502, 503, 504)

_ERROR: JSONObject = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": ["string", "null"]},
            },
        }
    },
}
_IDS: JSONObject = {"type": "array", "items": {"type": "integer", "minimum": 0}}
_FLAG: JSONObject = {"type": ["boolean", "null"]}
_FINISH: JSONObject = {"enum": ["stop", "length"]}
_MESSAGES: JSONObject = {
    "type": "array",
    "minItems": 1,
    "description": "Those of a chat request, whose other fields may stand beside it",
}
_COUNT: JSONObject = {"type": "integer", "minimum": 0}
_OWN: Mapping[str, JSONObject] = {
    "Error": _ERROR,
    "Completion": {
        "type": "object",
        "required": ["id", "object", "created", "model", "choices", "usage"],
        "properties": {"object": {"const": "text_completion"}, "choices": {"type": "array"}},
    },
    "Models": {
        "type": "object",
        "required": ["object", "data"],
        "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}},
    },
    "Model": {
        "type": "object",
        "required": ["id", "object", "created", "owned_by"],
        "properties": {"id": {"type": "string"}, "object": {"const": "model"}},
    },
    "Deleted": {
        "type": "object",
        "required": ["id", "deleted"],
        "properties": {"id": {"type": "string"}, "deleted": {"const": True}},
    },
    "Rendered": {
        "type": "object",
        "required": ["token_ids", "count", "stop_token_ids", "parser_tools", "segments"],
        "properties": {"token_ids": _IDS, "count": _COUNT, "segments": {"type": "array"}},
    },
    "Tokens": {
        "type": "object",
        "required": ["count", "tokens"],
        "properties": {"count": _COUNT, "tokens": _IDS},
    },
    "Text": {
        "type": "object",
        "required": ["prompt"],
        "properties": {"prompt": {"type": "string"}},
    },
    "Health": {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"enum": ["live", "ready"]}},
    },
}

_CONVERSIONS: Mapping[str, JSONObject] = {
    "ChatIds": {
        "type": "object",
        "required": ["request", "token_ids"],
        "properties": {
            "request": {"$ref": "#/components/schemas/ChatRequest"},
            "token_ids": {"anyOf": [_IDS, {"type": "array", "items": _IDS}]},
            "finish_reason": _FINISH,
        },
    },
    "ResponsesIds": {
        "type": "object",
        "required": ["request", "token_ids"],
        "properties": {
            "request": {"$ref": "#/components/schemas/ResponsesRequest"},
            "token_ids": _IDS,
            "finish_reason": _FINISH,
        },
    },
    "TokenizeRequest": {
        "anyOf": [
            {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": {"type": "string"},
                    "allow_special": {"type": "boolean"},
                    "return_token_strs": _FLAG,
                },
            },
            {
                "type": "object",
                "required": ["messages"],
                "properties": {"messages": _MESSAGES, "return_token_strs": _FLAG},
            },
        ]
    },
    "DetokenizeRequest": {
        "type": "object",
        "required": ["tokens"],
        "properties": {"tokens": _IDS},
    },
}
"""Requests of the routes that convert without an engine, which are no API of OpenAI's."""

_OPERATIONS: tuple[tuple[str, str, str, str, str], ...] = (
    ("post", "/v1/chat/completions", "ChatRequest", "ChatCompletion", "Create a chat completion"),
    ("post", "/v1/responses", "ResponsesRequest", "Response", "Create a response"),
    ("get", "/v1/responses/{id}", "", "Response", "Retrieve a stored response"),
    ("delete", "/v1/responses/{id}", "", "Deleted", "Delete a stored response"),
    (
        "get",
        "/v1/responses/{id}/input_items",
        "",
        "ResponseItemList",
        "List the input items of a stored response",
    ),
    (
        "post",
        "/v1/completions",
        "CompletionRequest",
        "Completion",
        "Create a completion of a raw prompt",
    ),
    ("get", "/v1/models", "", "Models", "List the models"),
    ("get", "/v1/models/{id}", "", "Model", "Retrieve a model"),
    (
        "post",
        "/v1/chat/completions/render",
        "ChatRequest",
        "Rendered",
        "Render the prompt of a chat request",
    ),
    (
        "post",
        "/v1/responses/render",
        "ResponsesRequest",
        "Rendered",
        "Render the prompt of a Responses request",
    ),
    (
        "post",
        "/v1/chat/completions/derender",
        "ChatIds",
        "ChatCompletion",
        "Convert generated token ids to a chat completion",
    ),
    (
        "post",
        "/v1/responses/derender",
        "ResponsesIds",
        "Response",
        "Convert generated token ids to a response",
    ),
    ("post", "/tokenize", "TokenizeRequest", "Tokens", "Encode a text or a chat request"),
    ("post", "/detokenize", "DetokenizeRequest", "Text", "Decode token ids"),
    ("get", "/health/live", "", "Health", "Check that the process answers"),
    ("get", "/health/ready", "", "Health", "Check that requests are served"),
    ("get", "/health", "", "Health", "Check that requests are served"),
)
"""Method, path, request schema (empty for none), answer schema, what it does."""

_STREAMED = frozenset({"/v1/chat/completions", "/v1/responses", "/v1/completions"})


@cache
def document() -> JSONObject:
    """Return the OpenAPI document."""
    paths: dict[str, JSONObject] = {}
    for method, path, request, answer, summary in _OPERATIONS:
        paths.setdefault(path, {})[method] = _operation(path, request, answer, summary)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "harmonium",
            "version": __version__,
            "description": "OpenAI-compatible APIs for gpt-oss models.",
        },
        "security": [{"bearer": []}, {}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {**_OWN, **_requests(), **_openai_schemas()},
        },
    }


def _operation(path: str, request: str, answer: str, summary: str) -> JSONObject:
    ok: JSONObject = {_JSON: {"schema": _reference(answer)}}
    if path in _STREAMED:
        ok["text/event-stream"] = {"schema": {"type": "string"}}
    error = {"description": "an error", "content": {_JSON: {"schema": _reference("Error")}}}
    found: JSONObject = {
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": ok},
            **{str(status): error for status in _ERROR_STATUSES},
        },
    }
    if "{id}" in path:
        found["parameters"] = [_ID, *_QUERIES.get(path, ())]
    if request:
        body = {"schema": _reference(request)}
        found["requestBody"] = {"required": True, "content": {_JSON: body}}
    return found


def _reference(name: str) -> JSONObject:
    return {"$ref": f"#/components/schemas/{name}"}


@cache
def _requests() -> Mapping[str, JSONObject]:
    """Return the schemas of requests: name -> schema."""
    return {
        "ChatRequest": chat_request_schema(),
        "ResponsesRequest": responses_request_schema(),
        "CompletionRequest": completion_request_schema(),
        **_CONVERSIONS,
    }


def _openai_schemas() -> dict[str, JSONObject]:
    """Return the schemas of the answers as the ``openai`` package has them."""
    from openai.types.chat import ChatCompletion  # noqa: PLC0415  (heavy)
    from openai.types.responses import Response, ResponseItemList  # noqa: PLC0415
    from pydantic.json_schema import models_json_schema  # noqa: PLC0415

    kinds = [(kind, "serialization") for kind in (ChatCompletion, Response, ResponseItemList)]
    _, found = models_json_schema(kinds, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    return dict(found["$defs"])


def page(about: Mapping[str, object]) -> str:
    """Draw a document as one page of HTML: no scripts, nothing fetched."""
    rows = []
    for method, path, request, answer, summary in _OPERATIONS:
        schemas = [_shown(name, kind) for name, kind in ((request, "takes"), (answer, "gives"))]
        head = f"<b>{method.upper()}</b> <code>{html.escape(path)}</code> {html.escape(summary)}"
        rows.append(f"<details><summary>{head}</summary>{''.join(schemas)}</details>")
    info = about["info"]
    title = info["title"] if isinstance(info, Mapping) else "harmonium"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style><h1>{title} {__version__}</h1>"
        '<p>The whole document: <a href="/openapi.json">/openapi.json</a></p>'
        f"{''.join(rows)}</html>"
    )


def _shown(name: str, kind: str) -> str:
    schema = {**_OWN, **_requests()}.get(name)
    if not name:
        return ""
    if schema is None:
        return f"<p>{kind} <code>{name}</code> of OpenAI's API</p>"
    return (
        f"<p>{kind} <code>{name}</code></p><pre>{html.escape(json.dumps(schema, indent=1))}</pre>"
    )


_STYLE = (
    "body{font:16px/1.5 system-ui;max-width:50rem;margin:2rem auto;padding:0 1rem}"
    "summary{cursor:pointer;padding:.3rem}pre{background:#8882;padding:1rem;overflow:auto}"
)
