"""Where settings come from, which wins, and what is told of wrong ones."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.errors import InvalidInputError
from harmonium.gateway import Settings, load_settings, options

NAMES = [option.name for option in options()]
FLAGS = [option for option in options() if option.name != "models"]
SAMPLES = {
    "str": "x", "int": "3", "float": "1.5", "bool": "true", "tuple": "a,b",
}  # fmt: skip
SPECIAL = {
    "host": "127.0.0.2",
    "date": "2026-01-31",
    "workers": "1",
    "temperature": "1.5",
    "top_p": "0.5",
    "min_p": "0.5",
}


def sample(option):
    """A value of an option that is not its default, as text."""
    other = next((word for word in option.words if word != option.default), None)
    return SPECIAL.get(option.name) or other or SAMPLES[option.kind.__name__]


@pytest.mark.parametrize("option", FLAGS, ids=lambda option: option.name)
def test_each_setting_comes_from_a_flag_a_variable_and_a_file(option, tmp_path):
    text = sample(option)
    wanted = getattr(load_settings({option.name: text}, {}), option.name)
    file = tmp_path / "settings.toml"
    value = json.dumps(list(wanted) if isinstance(wanted, tuple) else wanted)
    file.write_text(f"{option.name} = {value}\n")
    found = [
        load_settings({}, {option.variable: text}),
        load_settings({}, {}, str(file)),
    ]
    assert [getattr(settings, option.name) for settings in found] == [wanted] * 2


def test_a_flag_wins_over_a_variable_over_the_file_over_the_default(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("port: 1\nqueue: 2\nconcurrency: 3\n")
    environment = {"HARMONIUM_PORT": "4", "HARMONIUM_QUEUE": "5", "HARMONIUM_CONFIG": str(file)}
    settings = load_settings({"port": "6"}, environment)
    found = (settings.port, settings.queue, settings.concurrency, settings.max_tools)
    assert found == (6, 5, 3, Settings().max_tools)


@given(st.text(min_size=1).filter(lambda name: name not in NAMES))
def test_an_unknown_key_is_an_error_that_names_the_nearest(tmp_path_factory, name):
    file = tmp_path_factory.mktemp("settings") / "settings.yaml"
    file.write_text(json.dumps({name: 1}), "utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_settings({}, {}, str(file))
    assert any(caught.value.message.endswith(f"nearest is {known}") for known in NAMES)


def test_the_nearest_key_is_near():
    with pytest.raises(InvalidInputError, match="nearest is HARMONIUM_MAX_TOKENS"):
        load_settings({}, {"HARMONIUM_MAXTOKENS": "1"})


def test_variables_that_are_no_settings_are_left_alone():
    others = {"HARMONIUM_API_KEYS": "x", "HARMONIUM_TRACEBACK": "1", "PATH": "/bin"}
    assert load_settings({}, others) == Settings()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "x"), ("port", "70000"), ("port", "1.5"), ("policy", "lax"), ("date", "soon"),
        ("temperature", "nan"),
        ("temperature", "3"), ("log_content", "maybe"), ("concurrency", "0"), ("workers", "2"),
        ("queue_seconds", "-1"), ("engine", " , "),
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_error_with_a_place(name, text):
    with pytest.raises(InvalidInputError) as caught:
        load_settings({name: text}, {})
    assert caught.value.position.path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", "port = "), ("a.toml", "port = '1'"), ("a.toml", "log_content = 1"),
        ("a.yaml", "a: [1"), ("a.yaml", "- 1"), ("a.yaml", "engine: [1]"), ("a.json", "{}"),
        ("a.toml", "concurrency = true"), ("a.toml", "concurrency = 1.0"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_an_error(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InvalidInputError):
        load_settings({}, {}, str(file))


def test_a_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(InvalidInputError, match="cannot read"):
        load_settings({}, {}, str(tmp_path / "none.toml"))


def test_an_empty_file_says_nothing(tmp_path):
    for name in ("a.toml", "a.yaml"):
        (tmp_path / name).write_text("")
        assert load_settings({}, {}, str(tmp_path / name)) == Settings()


def test_every_setting_has_a_meaning_and_is_frozen():
    assert [option.name for option in options() if not option.meaning] == []
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1


TABLES = """
temperature = 0.5
[models.large]
engine = ["demo", "demo:bare_text"]
aliases = "big"
[models.small]
engine = "demo"
temperature = 1
effort = "low"
"""


def test_a_model_has_the_settings_of_its_table_and_the_others_of_all(tmp_path):
    file = tmp_path / "gateway.toml"
    file.write_text(TABLES)
    models = load_settings({}, {}, str(file)).each_model()
    found = {
        name: (one.model, one.aliases, one.temperature, one.effort) for name, one in models.items()
    }
    assert found == {
        "large": ("large", ("big",), 0.5, "medium"),
        "small": ("small", (), 1.0, "low"),
    }
    assert models["large"].engine == ("demo", "demo:bare_text")


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ("[models.a]\nengine = 1", "models.a.engine"),
        ("[models.a]\neffort = 'low'", "models.a"),
        ("[models.a]\nengine = 'demo'\nport = 1", "models.a.port"),
        ("[models.a]\nengine = 'demo'\ntemperature = 9", "models.a.temperature"),
        ("[models.a]\nengine = 'demo'\neffrt = 'low'", "effrt"),
        ("[models.a]\nengine = 'demo'\naliases = 'b'\n[models.b]\nengine = 'demo'", "models.b"),
        ("models = 'a'", "models"),
    ],
)
def test_a_wrong_table_of_a_model_is_an_error_with_a_place(tmp_path, table, place):
    file = tmp_path / "gateway.toml"
    file.write_text(table)
    with pytest.raises(InvalidInputError) as caught:
        load_settings({}, {}, str(file))
    assert caught.value.position.path == place


def test_tables_of_models_stand_in_a_file_alone():
    with pytest.raises(InvalidInputError, match="configuration file only"):
        load_settings({"models": "a"}, {})
