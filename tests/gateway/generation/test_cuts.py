"""However an engine's bytes are cut on their way, clients see the same answer, in whole frames."""

from __future__ import annotations

import json
import re
import socket
import socketserver
import threading
from itertools import groupby, takewhile

import pytest

from harmonium.engines import open_engine
from tests.gateway.running import BODIES, PATIENCE, running
from tests.gateway.scripted import ids_of

ANSWER = ids_of(
    "<|channel|>analysis<|message|>Think: é, 👩‍👩‍👧, \u4f60\u597d.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Hello 🌍, and more of it.<|return|>"
)
WHOLE = 10**6
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def payload(ids, finish=None):
    choice = {"index": 0, "text": "data: {}\n\n", "token_ids": ids, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": None}).encode()


STREAM = b"".join(
    b"data: %b\n\n" % said
    for said in [
        *(payload([token]) for token in ANSWER[:-1]),
        payload([ANSWER[-1]], "stop"),
        b'{"choices": [], "usage": {"prompt_tokens_details": {"cached_tokens": 3}}}',
        b"[DONE]",
    ]
)


class Vllm(socketserver.StreamRequestHandler):
    """Answers as vLLM does; a stream goes out in HTTP chunks of ``server.size`` bytes."""

    def handle(self):
        while head := b"".join(takewhile(bytes.strip, iter(self.rfile.readline, b""))):
            found = LENGTH.search(head)
            self.rfile.read(int(found[1]) if found else 0)
            if b"/v1/completions" in head:
                self.stream(self.server.size)
            else:
                known = b"/v1/models" in head
                self.answer(200 if known else 404, b'{"data": [{"id": "gpt-oss-test"}]}')
            self.connection.settimeout(PATIENCE)

    def answer(self, status, body):
        head = b"HTTP/1.1 %d X\r\ncontent-length: %d\r\n\r\n"
        self.wfile.write(head % (status, len(body)) + body)

    def stream(self, size):
        self.wfile.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for at in range(0, len(STREAM), size):
            piece = STREAM[at : at + size]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    disable_nagle_algorithm = True
    size = WHOLE


@pytest.fixture(scope="module")
def upstream():
    with Server(("127.0.0.1", 0), Vllm) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def gateway(upstream):
    host, port = upstream.server_address
    with running(open_engine(f"vllm:http://{host}:{port}")) as gateway:
        yield gateway


def writes(gateway, path):
    """Return the HTTP chunks of a streamed answer, each of them one write of the gateway's."""
    body = json.dumps(BODIES[path] | {"stream": True}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", gateway.port), PATIENCE) as client:
        client.sendall(head.encode() + body)
        answer = client.makefile("rb")
        assert b"200" in answer.readline()
        while answer.readline() != b"\r\n":
            pass
        found = []
        while size := int(answer.readline(), 16):
            found.append(answer.read(size))
            assert answer.read(2) == b"\r\n"
        return found


def said(found):
    """Return what the frames say: pieces of one text as one, without what names only the answer."""
    frames = b"".join(found).removesuffix(b"\n\n").split(b"\n\n")
    events = [json.loads(frame.split(b"data: ")[1]) for frame in frames[:-1]]
    pieces = [piece_of(event) for event in events]
    return frames[-1], [
        (kind, "".join(text for _, text in run)) for kind, run in groupby(pieces, lambda it: it[0])
    ]


def piece_of(event):
    if "type" in event:
        return event["type"], str(event.get("delta", ""))
    [choice] = event["choices"]
    delta = choice.get("delta", {"text": choice.get("text")})
    kinds = (choice["finish_reason"], *delta)
    # reasoning stands in two fields: their texts are the same, and count once
    return kinds, "".join(dict.fromkeys(filter(None, delta.values())))


@pytest.mark.parametrize("path", sorted(BODIES))
def test_however_an_engine_s_bytes_are_cut_the_answer_is_the_same(upstream, gateway, path):
    answers = []
    for upstream.size in (WHOLE, 1, 2, 7, 100, 1000):
        found = writes(gateway, path)
        assert all(piece.endswith(b"\n\n") for piece in found)
        answers.append(said(found))
    assert answers[1:] == answers[:1] * 5
    assert "👩‍👩‍👧" in "".join(text for _, text in answers[0][1])
