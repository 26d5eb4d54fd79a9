"""The ids that llama.cpp's stream leaves out are found again."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.engines import open_engine
from harmonium.engines.dialects.llamacpp_missing_ids import MissingTokenRecovery
from tests.engines.running import run
from tests.engines.server import Server
from tests.engines.servers import event

ENCODING = load_encoding()
RETURN = 200_002


def is_whole(data):
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason != "unexpected end of data"
    return True


def as_llamacpp_streams(ids):
    """Return (ids, text, total) of every chunk: one where the bytes end with a character."""
    pending = b""
    for total, token in enumerate(ids, 1):
        pending += ENCODING.token_bytes(token)
        if is_whole(pending):
            yield (token,), pending.decode("utf-8", "replace"), total
            pending = b""


def found(ids):
    unsent, out = MissingTokenRecovery(), []
    for sent, text, total in as_llamacpp_streams(ids):
        out += (*unsent.before(sent, text, total), *sent)
    return out


@given(st.text())
@example("世界！🌸 👩‍🚀 🫶🏿")  # noqa: RUF001
def test_every_id_of_any_text_is_found(text):
    ids = ENCODING.encode_ordinary(text)
    assert found(ids) == ids


@given(st.text(st.characters(min_codepoint=0x80)))
def test_text_in_single_bytes_keeps_its_bytes(text):
    ids = [ENCODING.tokenizer.encode_single_token(bytes([byte])) for byte in text.encode()]
    assert ENCODING.decode_bytes(found(ids)) == text.encode()


@given(st.lists(st.integers(0, 199_997)))
def test_ids_that_spell_no_text_never_stop_the_stream(ids):
    given_back = iter(found(ids))
    sent = [sent[0] for sent, _, _ in as_llamacpp_streams(ids)]
    assert all(token in given_back for token in sent)


def test_a_server_that_does_not_count_is_taken_at_its_word():
    assert MissingTokenRecovery().before((116,), "🌸", None) == ()


@pytest.mark.parametrize("count", [1, 9, 12, 60, 119, 2**53])
@pytest.mark.parametrize("text", ["\U0001f338" * 31, "a" * 120, "a" * 200_000])
def test_a_server_that_miscounts_costs_no_time(text, count):
    ids = MissingTokenRecovery().before((116,), text, count)
    assert len(ids) < 400_000


@pytest.mark.anyio
async def test_a_stream_with_gaps_gives_every_id(server: Server):
    ids = [*ENCODING.encode_ordinary("世界！🌸"), RETURN]  # noqa: RUF001
    frames = [
        event({"content": text, "tokens": list(sent), "stop": False, "tokens_predicted": total})
        for sent, text, total in as_llamacpp_streams(ids)
    ]
    frames.append(event({"content": "", "tokens": [], "stop": True, "stop_type": "eos"}))
    server.on("/v1/models", {"data": [{"id": "tiny"}]})
    server.on("/props", {})
    server.on("/completion", lambda _, wire: wire.stream(frames))
    engine = open_engine(f"llamacpp:{server.url}")
    assert (await run(engine)).ids == ids
    await engine.aclose()
