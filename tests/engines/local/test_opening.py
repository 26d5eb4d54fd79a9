"""How a model in this process is named, and what is said when it cannot be had."""

from __future__ import annotations

import sys
from dataclasses import fields

import pytest

from harmonium.engines import open_engine
from harmonium.engines.local import LocalEngine, LocalOptions
from harmonium.engines.local.options import read_place
from harmonium.errors import EngineUnavailableError, InvalidInputError

pytestmark = pytest.mark.anyio


@pytest.fixture
def gguf(tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF, but not really")
    return path


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "onnx"
    path.mkdir()
    (path / "genai_config.json").write_text('{"model": {}}', "utf-8")
    return path


def test_options_stand_behind_the_path():
    place = "a b/model.gguf?context=4096&threads=2&gpu_layers=-1"
    assert read_place(place) == ("a b/model.gguf", LocalOptions(4096, 2, -1))
    assert read_place("model.gguf") == ("model.gguf", LocalOptions())


@pytest.mark.parametrize(
    "words", ["contxt=1", "context=", "context=many", "context", "threads=1.5"]
)
def test_an_option_that_makes_no_sense_is_refused_with_those_there_are(words):
    with pytest.raises(InvalidInputError) as caught:
        read_place(f"model.gguf?{words}")
    assert caught.value.code == "invalid_engine"
    assert all(field.name in str(caught.value) for field in fields(LocalOptions))


@pytest.mark.parametrize("place", ["missing.gguf", ".", "model.bin"])
def test_a_path_without_a_model_is_refused_at_once(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        LocalEngine(place)
    assert caught.value.code == "invalid_engine"


def test_an_engine_is_opened_by_one_word(gguf):
    assert open_engine(f"local:{gguf}?context=512").name == "local:model.gguf"


async def refusal_without(library, place, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    engine = LocalEngine(str(place))
    with pytest.raises(EngineUnavailableError) as caught:
        await engine.check()
    await engine.aclose()
    return str(caught.value)


async def test_a_missing_library_for_gguf_is_named_with_its_extra(gguf, monkeypatch):
    assert "harmonium[local-gguf]" in await refusal_without("llama_cpp", gguf, monkeypatch)


async def test_a_missing_library_for_onnx_is_named_with_its_extra(folder, monkeypatch):
    assert "harmonium[local]" in await refusal_without("onnxruntime_genai", folder, monkeypatch)
