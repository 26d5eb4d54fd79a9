"""The sources of settings: flags, environment, one file; the first that sets a value wins.

Each setting has one name in all three: ``max_tokens``, ``--max-tokens``,
``HARMONIUM_MAX_TOKENS``. What the settings mean is not its business.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harmonium.errors import InvalidInputError, Position
from harmonium.gateway.config.settings import Settings

PREFIX = "HARMONIUM_"
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
"""Variables that begin like a setting's and are none."""

_TRUE, _FALSE = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})
_UNION = frozenset({typing.Union, types.UnionType})


@dataclass(frozen=True, slots=True)
class Option:
    """Describe one setting as its sources see it.

    Args:
        name: the key in the file, and the field of `Settings`.
        kind: what a value is: ``str``, ``int``, ``float``, ``bool`` or ``tuple`` (of strings).
        default: the value when nobody says anything.
        meaning: in a few words.
        words: the values that are allowed; empty when it is not a choice.
        low: the least number.
        high: the largest number.

    """

    name: str
    kind: type
    default: object
    meaning: str
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def flag(self) -> str:
        """The flag of the command."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"{PREFIX}{self.name.upper()}"

    def read(self, text: str, where: str) -> object:
        """Read a value from a flag or a variable; strings between commas are several.

        Raises:
            InvalidInputError: the text is no value of this kind.

        """
        if self.kind is tuple:
            return tuple(word.strip() for word in text.split(",") if word.strip())
        if self.kind is bool:
            return self._read_flag(text.strip().lower(), where)
        if self.kind is str:
            return text
        try:
            return self.kind(text)
        except ValueError:
            raise _wrong(where, f"{where} must be {_KINDS[self.kind]}") from None

    def take(self, value: object, where: str) -> object:
        """Return a value from a file as it is.

        Raises:
            InvalidInputError: it is of another type.

        """
        if self.kind is tuple:
            values = [value] if isinstance(value, str) else value
            if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
                raise _wrong(where, f"{where} must be {_KINDS[tuple]}")
            return tuple(values)
        fits = type(value) is self.kind or (self.kind is float and type(value) is int)
        if not fits:
            raise _wrong(where, f"{where} must be {_KINDS[self.kind]}")
        return float(value) if self.kind is float else value  # type: ignore[arg-type]

    def _read_flag(self, word: str, where: str) -> bool:
        if word not in _TRUE | _FALSE:
            raise _wrong(where, f"{where} must be true or false")
        return word in _TRUE


_KINDS: Mapping[type, str] = {
    str: "a string", int: "a whole number", float: "a number", bool: "true or false",
    tuple: "a string or an array of strings",
}  # fmt: skip


@cache
def options() -> tuple[Option, ...]:
    """Return every setting, in the order of `Settings`."""
    hints = typing.get_type_hints(Settings)
    found = []
    for field in dataclasses.fields(Settings):
        about = field.metadata
        found.append(
            Option(
                field.name,
                _kind(hints[field.name]),
                field.default,
                str(about.get("meaning", _PLAIN.get(field.name, ""))),
                tuple(about.get("words", ())),
                about.get("low"),
                about.get("high"),
            )
        )
    return tuple(found)


_PLAIN = {
    "host": "the address to listen at",
    "encoding": "the tokens of the model",
    "allow_unauthenticated": "serve other machines without keys",
    "log_content": "log prompts, at level debug",
    "traces": "send OpenTelemetry traces; OTEL_ variables say where to",
}


def _kind(hint: object) -> type:
    """Return the plain type behind an annotation."""
    origin = typing.get_origin(hint)
    if origin in _UNION:
        return _kind(next(one for one in typing.get_args(hint) if one is not type(None)))
    if origin is typing.Literal:
        return str
    return tuple if origin is tuple else typing.cast("type", hint)


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
        values[name] = known[name].read(text, known[name].flag)
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
        values[option.name] = option.read(text, variable)
    return values


def _from_file(path: Path, known: Mapping[str, Option]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in _read_file(path).items():
        if key not in known:
            raise _unknown(str(key), list(known), f"key in {path.name}")
        values[key] = known[key].take(value, key)
    return values


def _read_file(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _wrong("config", f"the configuration cannot be read: {reason}") from None
    found = _parse(path.suffix.lower(), text)
    if not isinstance(found, Mapping):
        raise _wrong("config", "the configuration must be a table of keys and values")
    return found


def _parse(suffix: str, text: str) -> object:
    if suffix == ".toml":
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise _wrong("config", f"the configuration is not TOML: {error}") from None
    if suffix not in {".yaml", ".yml"}:
        raise _wrong("config", "the configuration's name must end in .toml, .yaml or .yml")
    import yaml  # noqa: PLC0415  (of the extra)

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f", line {mark.line + 1}"
        raise _wrong("config", f"the configuration is not YAML{line}") from None


def _unknown(name: str, known: list[str], what: str) -> InvalidInputError:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return _wrong(name, f"{name} is no known {what}; the nearest is {near[0]}")


def _wrong(name: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, code="invalid_setting", position=Position(path=name))
