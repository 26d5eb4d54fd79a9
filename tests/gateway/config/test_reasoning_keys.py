"""Reasoning that clients keep is sealed by the gateway, and opened when it comes back."""

from __future__ import annotations

import pytest

from harmonium.errors import InvalidInputError
from harmonium.gateway import Settings, make_service
from harmonium.gateway.config.reasoning_keys import VARIABLE, load_cipher
from tests.gateway.running import RESPONSES, running
from tests.gateway.scripted import ANSWER, ENCODING

SEALED = RESPONSES | {"store": False, "include": ["reasoning.encrypted_content"]}
KEYS = ("the first long key", "the second long key")


def cipher_of(*keys, workers=1):
    settings = Settings(workers=workers, store="none")
    return load_cipher(settings, {VARIABLE: ",".join(keys)} if keys else {})


def test_sealed_reasoning_comes_back_into_the_next_prompt():
    with running(store="none") as gateway:
        gateway.service.cipher = cipher_of()
        gateway.play(ANSWER)
        items = gateway.client.post("/v1/responses", json=SEALED).json()["output"]
        sealed = next(item for item in items if item["type"] == "reasoning")
        assert sealed["encrypted_content"]
        thought = "".join(part["text"] for part in sealed["content"])
        carried = [item | {"content": []} if item is sealed else item for item in items[:1]]
        again = SEALED | {"input": [{"role": "user", "content": "Hi"}, *carried]}
        shown = gateway.client.post("/v1/responses/render", json=again).json()
        assert thought in ENCODING.decode(shown["token_ids"])


def test_a_gateway_without_a_key_refuses_to_seal():
    with running(store="none") as gateway:
        refused = gateway.client.post("/v1/responses", json=SEALED)
        assert refused.status_code == 400
        assert refused.json()["error"]["param"] == "include[0]"


def test_the_first_key_seals_and_all_open():
    old, new = cipher_of(KEYS[0]), cipher_of(KEYS[1], KEYS[0])
    assert new.open(old.seal("Hm.")) == "Hm."
    assert old.open(new.seal("Hm.")) is None
    assert cipher_of(KEYS[0]).open(old.seal("Hm.")) == "Hm."


def test_one_process_makes_a_key_and_several_do_not():
    alone = cipher_of()
    assert alone.open(alone.seal("Hm.")) == "Hm."
    assert cipher_of().open(alone.seal("Hm.")) is None
    assert cipher_of(workers=2) is None
    assert cipher_of(KEYS[0], workers=2) is not None


def test_a_short_key_is_refused_and_not_told():
    with pytest.raises(InvalidInputError) as caught:
        make_service(Settings(), {VARIABLE: "short!"})
    assert "short!" not in str(caught.value)
    assert VARIABLE in str(caught.value)
