"""Connections through TLS, as uvicorn sets it up: the same answers, and ends that are seen."""

from __future__ import annotations

import datetime as dt
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harmonium.gateway import KeyRing, Service, Settings
from tests.gateway.http.wire import Wire, get, post
from tests.gateway.running import CHAT, Running
from tests.gateway.scripted import ANSWER, ENCODING, ScriptedEngine, chunks_of

STREAM = json.dumps(CHAT | {"stream": True}).encode()
PATH = "/v1/chat/completions"


def certificate(folder):
    """Write a certificate of this machine, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    kept, secret = folder / "cert.pem", folder / "key.pem"
    kept.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return str(kept), str(secret)


class Secured(Running):
    files = ()

    def config(self):
        config = super().config()
        config.ssl_certfile, config.ssl_keyfile = self.files
        return config


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    service = Service(Settings(), ENCODING, ScriptedEngine(chunks_of(ANSWER)), KeyRing(()))
    gateway = Secured(service, service.engine)
    gateway.files = certificate(tmp_path_factory.mktemp("tls"))
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def wire(secured):
    context = ssl.create_default_context(cafile=secured.files[0])
    wire = Wire(
        secured, through=lambda bare: context.wrap_socket(bare, server_hostname="localhost")
    )
    yield wire
    wire.socket.close()


def test_requests_are_answered_in_their_order(wire):
    wire.send(get(), post(PATH, body=STREAM, name="second"), get(name="third"))
    answers = [wire.answer() for _ in range(3)]
    assert [one.headers["x-request-id"] for one in answers] == ["first", "second", "third"]
    assert answers[1].content.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "sent",
    [get("/health/live", "Connection: close"), post(PATH, body=STREAM).replace(b"1.1", b"1.0", 1),
     b"nonsense\r\n\r\n"],
)  # fmt: skip
def test_the_end_of_a_connection_is_seen(wire, sent):
    wire.send(sent)
    assert wire.rest().startswith(b"HTTP/1.1 ")


def test_an_answer_that_does_not_wait_for_the_body_arrives(wire):
    wire.send(post(PATH, "Content-Length: 50000000", length=False), b" " * 300_000)
    assert wire.answer().status == 413
