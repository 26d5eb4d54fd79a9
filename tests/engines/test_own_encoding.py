"""The ids of the format are those of the model's encoding, wherever an engine needs them."""

from __future__ import annotations

import pytest

from harmonium import load_encoding
from harmonium.engines import Finish, open_engine
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.engines.termination import StopTracker
from harmonium.tokens import EncodingSpec, FormatTokens, load_tokenizer, register_encoding, registry
from tests.engines.running import asking, run
from tests.engines.servers import event

pytestmark = pytest.mark.anyio

NAMES = ["start", "end", "message", "channel", "constrain", "call", "return"]
SPECIAL = {f"<|{name}|>": 300 + number for number, name in enumerate(NAMES)}
SPECIAL["<|endoftext|>"] = 400
FORMAT = FormatTokens(300, 301, 302, 303, 304, 305, 306)
BYTES = {bytes([value]): value for value in range(256)}
SPEC = EncodingSpec("engine-tests", BYTES, r"(?s).", SPECIAL, FORMAT)
STOPS = (FORMAT.return_, FORMAT.call)


@pytest.fixture(autouse=True)
def encoding(monkeypatch):
    monkeypatch.setattr(registry, "_specs", dict(registry._specs))  # noqa: SLF001
    register_encoding(SPEC)
    return load_encoding(SPEC.name)


def prompt(encoding, begun=""):
    text = f"<|start|>user<|message|>Hi.<|end|><|start|>assistant{begun}"
    return encoding.encode(text, allowed_special="all")


async def test_the_demo_speaks_it(encoding):
    result = await run(
        open_engine("demo", encoding=SPEC.name), asking(prompt(encoding), stop_token_ids=STOPS)
    )
    messages = encoding.parse(result.ids, policy="strict")
    assert [message.channel for message in messages] == ["analysis", "final"]
    assert result.finish == Finish("stop", FORMAT.return_)


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("<|channel|>final<|message|>Hello.", FORMAT.return_),
        ("<|channel|>commentary to=functions.f<|message|>{}", FORMAT.call),
    ],
)
async def test_a_server_of_text_is_read_in_it_and_its_stop_inferred(server, encoding, text, stop):
    server.on("/v1/models", {"data": [{"id": "tiny"}]})

    async def handler(_request, wire):
        chunk = event({"choices": [{"text": text, "finish_reason": "stop"}]})
        await wire.stream([chunk, b"data: [DONE]\n\n"])

    server.on("/v1/completions", handler)
    engine = open_engine(f"completions:{server.url}", encoding=SPEC.name)
    result = await run(engine, asking(prompt(encoding), stop_token_ids=STOPS))
    assert result.ids == [*encoding.encode(text, allowed_special="all"), stop]
    (body,) = server.asked("/v1/completions")
    assert body["prompt"] == encoding.decode(prompt(encoding))
    await engine.aclose()


def test_the_end_of_text_is_its_own():
    stops = StopTracker(asking(stop_token_ids=STOPS), tokenizer=load_tokenizer(SPEC.name))
    stops.apply(StreamDelta((65, 400), reason="stop"))
    assert stops.finish == Finish("stop", 400)
