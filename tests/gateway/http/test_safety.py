"""Safe by default: keys, hosts, exposure; and nothing that was said is written down anywhere."""

from __future__ import annotations

import io
import logging
import socket

import pytest

from harmonium.errors import EngineRejectedError, InvalidInputError
from harmonium.gateway import KeyRing, Settings
from harmonium.gateway.app import ROUTES as SERVED
from harmonium.gateway.config.api_keys import load_keys
from harmonium.gateway.observability.logging import JsonLines
from tests.gateway.reading import error_of
from tests.gateway.running import BODIES, CHAT, PATIENCE, running
from tests.gateway.scripted import ANSWER, ScriptedEngine, chunks_of

KEY = "canary-key-0123456789"
OTHER = "another-key-0123456789"
PROMPT = "canary-prompt-zebra"
SAID = "canary-answer-okapi"
OPEN = {"/health/live", "/health", "/health/ready"}


@pytest.fixture(scope="module")
def closed():
    with running(keys=[KEY, OTHER]) as gateway:
        yield gateway


@pytest.mark.parametrize("path", sorted(SERVED))
def test_every_route_but_health_needs_a_key(closed, path):
    (method, *_) = SERVED[path]
    place = path.replace("{id:path}", "x").replace("{id}", "x")
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {KEY}"}):
        answer = closed.client.request(method, place, headers=headers)
        assert answer.status_code == (200 if path in OPEN else 401)


def test_what_is_no_route_needs_a_key_as_well(closed):
    answer = closed.client.get("/nothing")
    assert (answer.status_code, error_of(answer)["code"]) == (401, "invalid_api_key")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("name", ["authorization", "x-api-key"])
def test_a_key_opens_every_route(closed, name):
    value = f"Bearer {KEY}" if name == "authorization" else KEY
    answer = closed.client.post("/v1/chat/completions", json=CHAT, headers={name: value})
    assert answer.status_code == 200


def test_a_stored_response_is_seen_by_its_own_key_alone(closed):
    mine, theirs = ({"authorization": f"Bearer {key}"} for key in (KEY, OTHER))
    body = BODIES["/v1/responses"]
    made = closed.client.post("/v1/responses", json=body, headers=mine).json()
    place = f"/v1/responses/{made['id']}"
    assert closed.client.get(place, headers=theirs).status_code == 404
    assert closed.client.delete(place, headers=theirs).status_code == 404
    going_on = body | {"previous_response_id": made["id"]}
    assert closed.client.post("/v1/responses", json=going_on, headers=theirs).status_code == 404
    assert closed.client.get(place, headers=mine).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a b"])
def test_a_host_that_is_not_this_machine_is_refused_on_loopback(gateway, host):
    answer = gateway.client.get("/v1/models", headers={"host": host})
    assert answer.status_code in {400, 421}


@pytest.mark.parametrize("hosts", [("localhost", "evil.example"), ("localhost", "localhost")])
def test_a_request_of_several_hosts_is_refused(gateway, hosts):
    headers = "".join(f"host: {host}\r\n" for host in hosts)
    request = f"GET /v1/models HTTP/1.1\r\n{headers}connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=PATIENCE) as client:
        client.sendall(request.encode("ascii"))
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000"])
def test_a_host_that_is_this_machine_is_taken(gateway, host):
    assert gateway.client.get("/v1/models", headers={"host": host}).status_code == 200


def test_further_hosts_can_be_allowed():
    with running(allowed_hosts=("models.example",)) as gateway:
        allowed = gateway.client.get("/v1/models", headers={"host": "models.example:80"})
        other = gateway.client.get("/v1/models", headers={"host": "other.example"})
    assert (allowed.status_code, other.status_code) == (200, 421)


def test_no_page_of_another_origin_is_let_in(gateway):
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = gateway.client.options("/v1/chat/completions", headers=asked)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "origin_not_allowed")
    assert [name for name in answer.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "models.example"])  # noqa: S104
def test_other_machines_are_served_with_keys_alone(host):
    with pytest.raises(InvalidInputError) as caught:
        load_keys(Settings(host=host), {})
    assert caught.value.position.path == "host"
    assert load_keys(Settings(host=host, allow_unauthenticated=True), {}).is_open
    assert not load_keys(Settings(host=host), {"HARMONIUM_API_KEYS": KEY}).is_open


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_this_machine_is_served_without_keys(host):
    assert load_keys(Settings(host=host), {}).is_open


def test_keys_come_from_a_file_and_the_environment(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"# two\n{KEY}\n\n{OTHER}\n")
    ring = load_keys(
        Settings(api_key_file=str(file)), {"HARMONIUM_API_KEYS": "a-third-key-01234567"}
    )
    labels = {ring.label(key) for key in (KEY, OTHER, "a-third-key-01234567")}
    assert len(labels) == 3
    assert None not in labels
    assert ring.label("a-fourth-key-0123456") is None


@pytest.mark.parametrize("text", ["", "# none\n", "short\n", "not ascii é not ascii\n"])
def test_a_file_without_good_keys_is_refused(tmp_path, text):
    file = tmp_path / "keys"
    file.write_text(text, "utf-8")
    with pytest.raises(InvalidInputError):
        load_keys(Settings(api_key_file=str(file)), {})


def test_counts_of_caches_are_not_for_every_key(closed, gateway):
    """They would tell one key whether another has sent a text."""
    told = closed.client.get("/metrics", headers={"x-api-key": KEY}).text
    assert "harmonium_requests_total" in told
    assert "harmonium_cache_" not in told
    assert "harmonium_cache_hits_total" in gateway.client.get("/metrics").text


@pytest.mark.parametrize("is_wanted", [True, False])
def test_the_words_of_an_engine_are_logged_where_prompts_are(caplog, is_wanted):
    error = EngineRejectedError("refused", upstream_status=400, upstream_message=PROMPT)
    with caplog.at_level(logging.WARNING), running(log_content=is_wanted) as gateway:
        gateway.play(script=[error])
        gateway.client.post("/v1/chat/completions", json=CHAT)
    fields = [one.harmonium_fields for one in caplog.records if one.message == "engine_error"]
    assert [one.get("upstream_message") for one in fields] == [PROMPT if is_wanted else None]


def test_a_ring_of_keys_tells_none_of_them():
    ring = KeyRing([KEY])
    assert KEY not in repr(ring)
    assert KEY not in str({name: getattr(ring, name) for name in KeyRing.__slots__})


def test_nothing_that_was_said_and_no_key_is_written_down(capfd):
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    handler.addFilter(lambda record: not record.name.startswith("http"))  # the test's own client
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        told = _everything_that_can_be_said()
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    log = written.getvalue()
    assert "/v1/chat/completions" in log
    everywhere = [log, told, *capfd.readouterr()]
    assert [word for word in (KEY, PROMPT, SAID) if any(word in text for text in everywhere)] == []


def _everything_that_can_be_said():
    """Errors and metrics of requests of every kind, with canaries wherever a client can put one."""
    answer = ANSWER.replace("Hello there.", SAID)
    faults = [
        [], [ValueError(SAID)],
        [EngineRejectedError("refused", upstream_status=400, upstream_message=PROMPT)],
    ]  # fmt: skip
    told = []
    with running(ScriptedEngine(), keys=[KEY]) as gateway:
        headers = {"authorization": f"Bearer {KEY}", "x-harmonium-repairs": "1"}
        for fault in faults:
            gateway.play(script=[*chunks_of(answer)[:-1], *fault, chunks_of(answer)[-1]])
            for path, body in BODIES.items():
                for fields in _canaries(path):
                    answered = gateway.client.post(path, json=body | fields, headers=headers)
                    told += [answered.text] if answered.status_code >= 400 else []
                    told += list(answered.headers.values())
        told.append(gateway.client.get(f"/{PROMPT}", headers=headers).text)
        told.append(gateway.client.get(f"/v1/models/{PROMPT}", headers=headers).text)
        told.append(gateway.client.get("/metrics", headers=headers).text)
        told += [str(record.log_fields()) for record in gateway.watching.records]
    return "\n".join(told)


def _canaries(path):
    said = {
        "/v1/chat/completions": {"messages": [{"role": "user", "content": PROMPT}]},
        "/v1/responses": {"input": PROMPT},
        "/v1/completions": {"prompt": PROMPT},
    }[path]
    yield said
    yield said | {"stream": True}
    yield said | {"model": PROMPT}
    yield said | {"temperature": PROMPT}
    yield said | {"tools": [{"type": PROMPT}], "tool_choice": PROMPT, "stop": [PROMPT] * 9}
    yield said | {"user": PROMPT, "metadata": {PROMPT: PROMPT}}


def test_what_was_said_is_logged_where_the_operator_wants_it(caplog):
    with caplog.at_level(logging.DEBUG), running(log_content=True) as gateway:
        body = CHAT | {"messages": [{"role": "user", "content": PROMPT}]}
        gateway.client.post("/v1/chat/completions", json=body)
    fields = [record.harmonium_fields for record in caplog.records if record.message == "content"]
    assert PROMPT in fields[0]["prompt"]
