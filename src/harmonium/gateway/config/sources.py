"""The sources of settings: flags, environment, one file; the first that sets a value wins.

Each setting has one name in all three: ``max_tokens``, ``--max-tokens``,
``HARMONIUM_MAX_TOKENS``. Does not know what the settings mean.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path

from harmonium.errors import InvalidInputError
from harmonium.gateway.config.settings import PREFIX, Option, Settings, options, wrong_setting

OTHERS = frozenset(
    f"{PREFIX}{word}"
    for word in (
        "API_KEYS",
        "CONFIG",
        "ENGINE_API_KEY",
        "ORACLES",
        "SEALING_KEYS",
        "SYSTEM_INSTRUCTIONS",
        "TRACEBACK",
    )
)
"""Variables with our prefix that are not settings."""

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def _parse_text(option: Option, text: str, where: str) -> object:
    """Return the value of a flag or a variable; a list is split at its commas.

    Raises:
        InvalidInputError: the text is no value of this type.

    """
    if option.kind is dict:
        raise wrong_setting(where, f"{where} can be set in a configuration file only")
    if option.kind is tuple:
        return tuple(word.strip() for word in text.split(",") if word.strip())
    if option.kind is bool:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise wrong_setting(where, f"{where} must be true or false")
        return word in _TRUE
    if option.kind is str:
        return text
    try:
        return option.kind(text)
    except ValueError:
        raise wrong_setting(where, f"{where} must be {_TYPE_NAMES[option.kind]}") from None


def _check_type(option: Option, value: object, where: str) -> object:
    """Return a value of a file in the type of its setting.

    Raises:
        InvalidInputError: it is of another type.

    """
    if option.kind is tuple:
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
            raise wrong_setting(where, f"{where} must be {_TYPE_NAMES[tuple]}")
        return tuple(values)
    if option.kind is dict:
        return _check_tables(value, where)
    if option.kind is float and type(value) is int:
        return float(value)
    if type(value) is not option.kind:
        raise wrong_setting(where, f"{where} must be {_TYPE_NAMES[option.kind]}")
    return value


def _check_tables(value: object, where: str) -> dict[str, Mapping[str, object]]:
    """Return the tables of several models, their values checked like those of the whole file."""
    if not isinstance(value, Mapping) or not all(
        isinstance(one, Mapping) for one in value.values()
    ):
        raise wrong_setting(where, f"{where} must be {_TYPE_NAMES[dict]}")
    known = {option.name: option for option in options()}
    found: dict[str, Mapping[str, object]] = {}
    for name, table in value.items():
        place = f"{where}.{name}"
        found[str(name)] = {
            key: _check_type(_find(key, known, f"key in {place}"), one, f"{place}.{key}")
            for key, one in table.items()
        }
    return found


def _find(name: str, known: Mapping[str, Option], what: str) -> Option:
    if name not in known:
        raise _unknown(str(name), list(known), what)
    return known[name]


_TYPE_NAMES: Mapping[type, str] = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "true or false",
    tuple: "a string or an array of strings",
    dict: "a table of tables",
}


def load_settings(
    flags: Mapping[str, str], environment: Mapping[str, str], file: str | None = None
) -> Settings:
    """Put settings together: a flag before a variable before the file before the default.

    Args:
        flags: name of a setting -> what the command line says.
        environment: the environment's variables; those that are no settings are left alone.
        file: a TOML or YAML file; ``HARMONIUM_CONFIG`` when None.

    Raises:
        InvalidInputError: an unknown key, a wrong value, a file that cannot be read.

    Example:
        >>> load_settings({"port": "1"}, {"HARMONIUM_PORT": "2", "HARMONIUM_QUEUE": "3"}).queue
        3

    """
    known = {option.name: option for option in options()}
    values: dict[str, object] = {}
    path = file or environment.get("HARMONIUM_CONFIG")
    if path:
        values |= _from_file(Path(path), known)
    values |= _from_environment(environment, known)
    for name, text in flags.items():
        values[name] = _parse_text(known[name], text, known[name].flag)
    return Settings(**values)  # type: ignore[arg-type]


def _from_environment(
    environment: Mapping[str, str], known: Mapping[str, Option]
) -> dict[str, object]:
    values: dict[str, object] = {}
    variables = {option.variable: option for option in known.values()}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX) or variable in OTHERS:
            continue
        if variable not in variables:
            raise _unknown(variable, list(variables), "environment variable")
        option = variables[variable]
        values[option.name] = _parse_text(option, text, variable)
    return values


def _from_file(path: Path, known: Mapping[str, Option]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in _read_file(path).items():
        option = _find(key, known, f"key in {path.name}")
        values[key] = _check_type(option, value, key)
    return values


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise wrong_setting("config", f"cannot read the configuration: {reason}") from None
    found = _parse(path.suffix.lower(), text)
    if not isinstance(found, Mapping):
        raise wrong_setting("config", "the configuration must be a table of settings")
    return found


def _parse(suffix: str, text: str) -> object:
    if suffix == ".toml":
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise wrong_setting("config", f"the configuration is not valid TOML: {error}") from None
    if suffix not in {".yaml", ".yml"}:
        raise wrong_setting("config", "the configuration file must end in .toml, .yaml or .yml")
    import yaml  # noqa: PLC0415  (of the extra)

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise wrong_setting("config", f"the configuration is not valid YAML{line}") from None


def _unknown(name: str, known: list[str], what: str) -> InvalidInputError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return wrong_setting(name, f"{name} is not a known {what}; the nearest is {near[0]}")
