"""Operating it: health, metrics, logs, traces, draining, keep-alive, several workers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx2 as httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from harmonium.errors import EngineUnavailableError
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.observability.tracing import Tracing
from tests.gateway.reading import error_of, events_of, frames_of, is_terminated
from tests.gateway.running import BODIES, CHAT, PATIENCE, running
from tests.gateway.scripted import ANSWER, Hold, ScriptedEngine, chunks_of, ids_of

BEGINNING = chunks_of(ANSWER)[:9]


def test_live_is_told_always_and_ready_when_the_engine_answers(gateway):
    assert gateway.client.get("/health/live").json() == {"status": "live"}
    assert gateway.client.get("/health/ready").json()["status"] == "ready"
    gateway.engine.ill = EngineUnavailableError("it is down")
    answer = gateway.client.get("/health/ready")
    assert (answer.status_code, error_of(answer)["code"]) == (503, "engine_unavailable")
    assert gateway.client.get("/health/live").status_code == 200


def test_metrics_count_what_happened_by_the_names_of_vllm(gateway):
    def metric(name, **labels):
        return gateway.metric(name, **labels) or 0

    model = {"model_name": "gpt-oss-test"}
    names = ["vllm:prompt_tokens_total", "vllm:generation_tokens_total",
             "vllm:time_to_first_token_seconds_count", "vllm:e2e_request_latency_seconds_count",
             "harmonium_reasoning_tokens_total"]  # fmt: skip
    before = [metric(name, **model) for name in names]
    answer = gateway.client.post("/v1/chat/completions", json=CHAT)
    gateway.record(answer.headers["x-request-id"])
    after = [metric(name, **model) for name in names]
    prompt = answer.json()["usage"]["prompt_tokens"]
    told = [one - other for one, other in zip(after, before, strict=True)]
    assert told == [prompt, len(ids_of(ANSWER)), 1, 1, 2]
    text = gateway.client.get("/metrics").text
    assert 'vllm:request_success_total{finished_reason="stop"' in text
    assert "harmonium_overhead_seconds_bucket" in text
    assert metric("vllm:num_requests_running") == 0
    assert metric("harmonium_cache_hits_total") + metric("harmonium_cache_misses_total") > 0


def test_the_load_is_shown_while_it_is_there(gateway):
    hold = Hold()
    gateway.play(script=[hold, *chunks_of(ANSWER)])
    asking = threading.Thread(target=gateway.client.post, args=("/v1/responses",),
                              kwargs={"json": BODIES["/v1/responses"]})  # fmt: skip
    asking.start()
    assert hold.reached.wait(PATIENCE)
    assert gateway.metric("vllm:num_requests_running") == 1
    hold.release()
    asking.join(PATIENCE)


def test_a_request_is_one_line_of_json_in_the_log(gateway, caplog):
    with caplog.at_level("INFO"):
        headers = {"x-request-id": "my-id"}
        answer = gateway.client.post("/v1/chat/completions", json=CHAT, headers=headers)
        gateway.assert_nothing_is_left()
    assert answer.headers["x-request-id"] == "my-id"
    (line,) = [one.harmonium_fields for one in caplog.records if one.message == "request"]
    told = {"request_id": "my-id", "route": "/v1/chat/completions", "status": 200,
            "model": "gpt-oss-test", "engine": "scripted", "finish": ["stop"]}  # fmt: skip
    assert told.items() <= line.items()
    assert line["output_tokens"] == len(ids_of(ANSWER))


@pytest.mark.parametrize("given", ["a" * 129, "a b", "é", "x\ty"])
def test_a_request_id_that_could_harm_a_log_is_replaced(gateway, given):
    answer = gateway.client.get("/v1/models", headers={"x-request-id": given.encode("utf-8")})
    assert re.fullmatch("req_[0-9a-f]{32}", answer.headers["x-request-id"])


def test_a_silent_stream_is_kept_alive_by_comments():
    hold = Hold()
    engine = ScriptedEngine([hold, *chunks_of(ANSWER)])
    with running(engine, keepalive_seconds=0.02) as gateway:
        body = CHAT | {"stream": True}
        with gateway.client.stream("POST", "/v1/chat/completions", json=body) as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": keep-alive"
            hold.release()
            rest = list(lines)
    assert rest[-2] == "data: [DONE]"


def test_draining_lets_streams_end_and_takes_nothing_new():
    hold = Hold()
    with running(ScriptedEngine([*BEGINNING, hold, *chunks_of(ANSWER)[9:]])) as gateway:
        body = CHAT | {"stream": True}
        with gateway.client.stream("POST", "/v1/chat/completions", json=body) as answer:
            assert hold.reached.wait(PATIENCE)
            draining = gateway.service.lifecycle.drain()
            asyncio.run_coroutine_threadsafe(draining, gateway.loop)
            refused = _until_refused(gateway)
            ready = gateway.client.get("/health/ready")
            hold.release()
            rest = answer.read().decode()
    assert (refused.status_code, error_of(refused)["code"]) == (503, "shutting_down")
    assert refused.headers["retry-after"]
    assert ready.status_code == 503
    assert rest.endswith("data: [DONE]\n\n")
    assert '"finish_reason":"stop"' in rest


@pytest.mark.parametrize("path", sorted(BODIES))
def test_a_stream_that_does_not_end_in_time_is_told_so(path):
    hold = Hold()
    with running(ScriptedEngine([*BEGINNING, hold]), grace_seconds=0.05) as gateway:
        body = BODIES[path] | {"stream": True}
        found = []
        asking = threading.Thread(target=lambda: found.append(gateway.client.post(path, json=body)))
        asking.start()
        assert hold.reached.wait(PATIENCE)
        gateway.ask(gateway.service.lifecycle.drain())
        asking.join(PATIENCE)
        gateway.assert_nothing_is_left()
    (answer,) = found
    assert is_terminated(answer)
    last = events_of(answer)[-1]
    told = last["response"]["error"] if path == "/v1/responses" else last["error"]
    assert told["code"] in {"shutting_down", "server_error"}
    assert gateway.record(answer.headers["x-request-id"]).error == "shutting_down"


def test_a_second_signal_ends_streams_without_grace():
    hold = Hold()
    with running(ScriptedEngine([*BEGINNING, hold]), grace_seconds=3_600) as gateway:
        body = CHAT | {"stream": True}
        with gateway.client.stream("POST", "/v1/chat/completions", json=body) as answer:
            assert hold.reached.wait(PATIENCE)
            lifecycle = gateway.service.lifecycle
            drained = asyncio.run_coroutine_threadsafe(lifecycle.drain(), gateway.loop)
            _until_refused(gateway)
            gateway.loop.call_soon_threadsafe(lifecycle.end_waiting)
            rest = answer.read().decode()
        drained.result(PATIENCE)
    assert '"code":"shutting_down"' in rest
    assert rest.endswith("data: [DONE]\n\n")


def test_the_lag_of_the_event_loop_is_measured():
    with running() as gateway:
        name = "harmonium_loop_lag_seconds_count"
        before = gateway.metric(name)
        gateway.ask(asyncio.sleep(0.3))
        assert gateway.metric(name) > before


def _until_refused(gateway):
    """Wait until the drain refuses what is new, and ask; a request before that would hang."""

    async def refusing():
        while not gateway.service.lifecycle.is_rejecting:  # noqa: ASYNC110  (a flag, no event)
            await asyncio.sleep(0)

    gateway.ask(refusing())
    return gateway.client.post("/v1/completions", json=BODIES["/v1/completions"])


def test_traces_follow_the_conventions_and_tell_nothing_that_was_said():
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    record = RequestRecord("id", "POST", route="/v1/chat/completions", model="m", status=200)
    record.prompt_tokens, record.output_tokens, record.finish = 3, 4, ["stop"]
    tracing = Tracing(enabled=True, provider=provider)
    tracing.ended(record)
    tracing.ended(RequestRecord("id", "GET", route="/v1/models"))
    record.error = "engine_broken"
    tracing.ended(record)
    good, bad = exporter.get_finished_spans()
    assert good.name == "chat m"
    wanted = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m",
              "gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 4,
              "gen_ai.response.finish_reasons": ("stop",)}  # fmt: skip
    assert wanted.items() <= dict(good.attributes).items()
    assert good.end_time >= good.start_time
    assert bad.attributes["error.type"] == "engine_broken"


class Process:
    """The command, in a process of its own."""

    def __init__(self, *flags):
        path = [sys.executable, "-m", "harmonium", "serve", "--port", "0", *flags]
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PROMETHEUS")}
        self.process = subprocess.Popen(  # noqa: S603  (our own command)
            path, stderr=subprocess.PIPE, text=True, env=clean
        )
        line = self.process.stderr.readline()
        self.url = re.search(r"http://[\d.:]+", line)[0]
        assert "no model: the demo engine answers" in line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def get(self, path):
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(base_url=self.url, transport=transport, timeout=PATIENCE) as client:
            return client.get(path)

    def chat(self):
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(base_url=self.url, transport=transport, timeout=PATIENCE) as client:
            return client.post("/v1/chat/completions", json=CHAT | {"model": "demo"})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        _, told = self.process.communicate(timeout=PATIENCE)
        return told


def test_the_command_serves_the_demo_engine_and_ends_when_told():
    with Process() as served:
        answer = served.chat()
        told = served.stop()
    assert answer.json()["choices"][0]["finish_reason"] == "stop"
    events = {json.loads(line)["event"] for line in told.splitlines()}
    assert events == {"request", "draining"}


def test_several_workers_share_the_port_and_add_their_metrics_up():
    with Process("--workers", "2", "--store", "none") as served:
        answers = [served.chat() for _ in range(8)]
        metrics = served.get("/metrics").text
        served.stop()
    assert {answer.status_code for answer in answers} == {200}
    found = re.search(
        r'harmonium_requests_total{route="/v1/chat/completions",status="200"} (\S+)', metrics
    )
    assert float(found[1]) == 8


@pytest.mark.skipif(shutil.which("curl") is None, reason="the example shows curl")
def test_the_example_streams_an_answer():
    script = Path(__file__).parents[3] / "examples" / "serve.sh"
    done = subprocess.run(  # noqa: S603
        ["sh", str(script)],  # noqa: S607
        env=os.environ | {"PYTHON": sys.executable},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("curl -N http://127.0.0.1:")
    assert "\ncontent: " in done.stdout
    assert done.stdout.endswith("data: [DONE]\n")


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "harmonium", "serve", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 1
    assert done.stderr.startswith("error[address_unusable]")


def test_checking_says_whether_the_settings_can_be_used(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text('engine = ["demo"]\nport = 0\n')
    command = [sys.executable, "-m", "harmonium", "serve", "--check", "--config", str(file)]
    good = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    wrong = [*command, "--engine", "nothing"]
    bad = subprocess.run(wrong, capture_output=True, text=True, check=False)  # noqa: S603
    assert (good.returncode, good.stdout) == (0, "settings and keys are valid\n")
    assert bad.returncode == 1
    assert bad.stderr.startswith("error[invalid_engine]")


@pytest.mark.parametrize(
    ("engine", "code", "told"), [("demo", 0, "demo: ok\n"), ("vllm:http://127.0.0.1:1/v1", 1, "")]
)
def test_checking_the_engines_asks_each_for_a_token(engine, code, told):
    command = [sys.executable, "-m", "harmonium", "serve", "--check-engine", "--engine", engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == code
    assert told in done.stdout
    assert done.stdout.count("\n") == 1


def test_frames_are_whole_in_whatever_is_written(gateway):
    answer = gateway.client.post("/v1/responses", json=BODIES["/v1/responses"] | {"stream": True})
    assert all(frame.startswith(("event: ", "data: [DONE]")) for frame in frames_of(answer))
    assert answer.headers["cache-control"] == "no-cache"
