"""Bodies that are not what they should be: compressed, without measure, late, or never read."""

from __future__ import annotations

import gzip
import json
import socket

import pytest

from harmonium.gateway.http.request_body import parse_json
from tests.gateway.reading import error_of
from tests.gateway.running import BODIES, CHAT, PATIENCE, running

JSON_HEADERS = {"content-type": "application/json"}
HEAD = (
    b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    b"content-length: 1000\r\n\r\n{"
)


def until_closed(gateway, path):
    """Send a request without the rest of its body; give all that comes until the end."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as client:
        client.sendall(HEAD % path)
        found = []
        while piece := client.recv(65536):
            found.append(piece)
    return b"".join(found)


@pytest.mark.parametrize("path", sorted(BODIES))
def test_a_compressed_body_is_refused_in_so_many_words(gateway, path):
    body = gzip.compress(json.dumps(BODIES[path]).encode())
    headers = {**JSON_HEADERS, "content-encoding": "gzip"}
    answer = gateway.client.post(path, content=body, headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (415, "unsupported_content_encoding")
    plain = {**JSON_HEADERS, "content-encoding": "identity"}
    assert gateway.client.post(path, json=BODIES[path], headers=plain).status_code == 200


@pytest.mark.parametrize("number", ["1e999", "-1e999", "Infinity", "NaN", "9" * 5000])
def test_a_number_that_no_answer_could_repeat_is_refused(gateway, number):
    schema = '{"type": "function", "name": "f", "parameters": {"maximum": %s}}' % number  # noqa: UP031
    body = '{"model": "gpt-oss-test", "input": "Hi", "tools": [%s]}' % schema  # noqa: UP031
    answer = gateway.client.post("/v1/responses", content=body, headers=JSON_HEADERS)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "invalid_json")


def test_a_body_that_is_late_ends_the_connection():
    with running(receive_seconds=0.2) as gateway:
        said = until_closed(gateway, b"/v1/chat/completions")
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in said.lower()


def test_a_body_that_nobody_waits_for_does_not_hold_the_connection_for_ever():
    with running(receive_seconds=0.2) as gateway:
        said, ended = dribbled(gateway, b"/v1/nowhere")
    assert said.startswith(b"HTTP/1.1 404 ")
    assert said.count(b"HTTP/1.1") == 1
    assert ended


def dribbled(gateway, path):
    """Send the rest of a body byte by byte, slowly; give what came, and whether it ended."""
    said = b""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=0.05) as client:
        client.sendall(HEAD % path)
        for _ in range(400):
            try:
                piece = client.recv(65536)
            except TimeoutError:
                piece = None
            if piece == b"":
                return said, True
            said += piece or b""
            if piece is None:
                client.sendall(b" ")
    return said, False


def test_a_body_of_too_many_values_is_refused_before_they_are_made(gateway):
    body = b'{"model": "x", "messages": [' + b"[]," * 400_000 + b"[]]}"
    answer = gateway.client.post("/v1/chat/completions", content=body, headers=JSON_HEADERS)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "json_too_large")


def test_marks_inside_of_strings_are_no_values():
    text = '[{,\\"' * 200_000
    assert parse_json(json.dumps({"text": text}).encode(), 10, 10) == {"text": text}


def test_bodies_that_are_received_at_once_share_a_budget():
    with running(bodies_bytes=1_500) as gateway:
        long = CHAT | {"user": "x" * 1_600}
        refused = gateway.client.post("/v1/chat/completions", json=long)
        served = [gateway.client.post("/v1/chat/completions", json=CHAT) for _ in range(30)]
    assert (refused.status_code, error_of(refused)["code"]) == (503, "overloaded")
    assert {answer.status_code for answer in served} == {200}
