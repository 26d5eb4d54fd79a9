"""The OpenAPI document is valid, complete, shown offline; and the gateway does what it says."""

from __future__ import annotations

import json
import re

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from harmonium.gateway.app import ROUTES
from harmonium.gateway.openapi.document import document, page
from tests.gateway.running import running
from tests.gateway.scripted import ScriptedEngine

SHOWN_ONLY = {"/metrics", "/openapi.json", "/docs"}
SCHEMA = schemathesis.openapi.from_dict(json.loads(json.dumps(document())))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.fixture(scope="module")
def served():
    with running(ScriptedEngine()) as gateway:
        yield gateway


def test_every_route_is_in_the_document():
    routes = {(path.replace(":path", ""), method.lower())
              for path, methods in ROUTES.items() for method in methods}  # fmt: skip
    told = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert {route for route in routes if route[0] not in SHOWN_ONLY} == told


def test_every_reference_leads_somewhere():
    text = json.dumps(document())
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert names <= set(document()["components"]["schemas"])


def test_the_page_fetches_nothing():
    shown = page(document())
    assert re.findall(r"<script|<link|src=|@import|url\(|https?://", shown) == []
    assert all(path in shown for path in document()["paths"])


def test_document_and_page_are_served(served):
    assert served.client.get("/openapi.json").json()["openapi"] == "3.1.0"
    answer = served.client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@SCHEMA.parametrize()
@hypothesis.settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_whatever_is_asked_the_answer_is_as_the_document_says(served, case):
    answer = case.call(base_url=served.url)
    case.validate_response(answer, checks=CHECKS)
