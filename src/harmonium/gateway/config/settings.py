"""Every setting of the gateway: type, default, bounds and meaning.

The command's flags, the environment variables, the keys of the configuration file and the table in
the operators' page are all made from the annotations of `Settings`. Does not know where values come
from.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal, cast

from harmonium.errors import InvalidInputError, Position
from harmonium.limits import DEFAULT_LIMITS, Limits

PREFIX = "HARMONIUM_"
"""What the environment variables of settings begin with."""

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of a number, both allowed; None for no bound."""

    low: float
    high: float | None = None


_AtLeastZero, _AtLeastOne, _Positive = Bounds(0), Bounds(1), Bounds(0.001)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration of one gateway.

    Raises:
        InvalidInputError: a value out of bounds, or values that contradict each other; the
            position's path names the setting.

    Example:
        >>> Settings().host
        '127.0.0.1'
        >>> Settings(queue=-1)
        Traceback (most recent call last):
            ...
        harmonium.InvalidInputError: queue must be at least 0 (queue)

    """

    host: Annotated[str, "the address to listen on"] = "127.0.0.1"
    port: Annotated[int, Bounds(0, 65_535), "0 picks a free one"] = 8000
    workers: Annotated[int, Bounds(1, 256), "processes that share the port"] = 1
    engine: Annotated[tuple[str, ...], "several serve one model together"] = ("demo",)
    model: Annotated[str, "the name that is served; the engine's own unless set"] = ""
    aliases: Annotated[tuple[str, ...], "further names that requests may use for it"] = ()
    models: Annotated[
        Mapping[str, Mapping[str, object]],
        "several models: a table `[models.NAME]` for each, in a file only",
    ] = field(default_factory=dict)

    encoding: Annotated[str, "the tokens of the model"] = "o200k_harmony"
    profile: Annotated[
        Literal["guide", "oss", "legacy", "vllm"], "how message headers are rendered"
    ] = "guide"
    policy: Annotated[Literal["repair", "strict"], "what to do with malformed output"] = "repair"
    tolerance: Annotated[
        Literal["lenient", "strict"],
        "requests that differ harmlessly from the API: adapted, or refused",
    ] = "lenient"
    responses_dialect: Annotated[
        Literal["openai", "open-responses"], "how Responses names its reasoning events"
    ] = "openai"
    reasoning_field: Annotated[
        Literal["reasoning", "reasoning_content", "both", "none"],
        "the field of reasoning in chat; clients read one or the other",
    ] = "both"
    effort: Annotated[
        Literal["low", "medium", "high"], "the reasoning effort if a request has none"
    ] = "medium"
    date: Annotated[str, "the date in prompts: `today`, `none`, or YYYY-MM-DD"] = "today"
    identity: Annotated[str, "who the model is told it is; the format's own words unless set"] = ""
    unenforced: Annotated[
        Literal["refuse", "prompt"],
        "a response format that the engine cannot enforce: a 400, or left to the prompt",
    ] = "refuse"

    temperature: Annotated[float | None, Bounds(0, 2), "if a request has none"] = None
    top_p: Annotated[float | None, Bounds(0, 1), "if a request has none"] = None
    top_k: Annotated[int | None, _AtLeastZero, "for every request"] = None
    min_p: Annotated[float | None, Bounds(0, 1), "for every request"] = None
    repetition_penalty: Annotated[float | None, Bounds(0.01, 10), "for every request"] = None
    max_tokens: Annotated[int | None, _AtLeastOne, "if a request has none"] = None

    store: Annotated[
        Literal["memory", "none"], "where responses are stored; several workers need `none`"
    ] = "memory"
    store_bytes: Annotated[int, _AtLeastOne, "for stored responses; the oldest are dropped"] = (
        64 * 2**20
    )
    cache_bytes: Annotated[
        int, _AtLeastZero, "for what a process keeps of prompts to read their next turn faster"
    ] = 128 * 2**20

    api_key_file: Annotated[str, "a file of API keys and their limits"] = ""
    allow_unauthenticated: Annotated[bool, "serve other machines without API keys"] = False
    allowed_hosts: Annotated[tuple[str, ...], "names accepted in the Host header"] = ()
    allowed_origins: Annotated[
        tuple[str, ...], "origins of web pages that may call the gateway (CORS)"
    ] = ()

    body_bytes: Annotated[int, _AtLeastOne, "of one request body; 131,072 tokens take 1 MiB"] = (
        16 * 2**20
    )
    bodies_bytes: Annotated[int, _AtLeastOne, "of all request bodies being read at once"] = (
        256 * 2**20
    )
    header_bytes: Annotated[int, _AtLeastOne, "of a request's headers together"] = 32 * 2**10
    json_depth: Annotated[int, Bounds(1, 500), "nesting of a request's JSON"] = 128
    json_nodes: Annotated[int, _AtLeastOne, "values in a request's JSON"] = 300_000
    max_messages: Annotated[int, _AtLeastOne, "messages or input items of a request"] = 10_000
    max_tools: Annotated[int, _AtLeastOne, "tools of a request; OpenAI allows 128"] = 512
    max_choices: Annotated[int, Bounds(1, 128), "`n`: each is a separate generation"] = 16
    max_output_tokens: Annotated[
        int, _AtLeastOne, "that a request may ask for; the models' context"
    ] = 131_072
    concurrency: Annotated[int, _AtLeastOne, "requests that generate at once, per process"] = 256
    queue: Annotated[int, _AtLeastZero, "requests that wait for a slot; more get a 429"] = 256
    queue_seconds: Annotated[float, _AtLeastZero, "until a waiting request gets a 503"] = 30.0
    convert_workers: Annotated[
        int, Bounds(1, 64), "threads for routes that convert without an engine"
    ] = 2
    convert_seconds: Annotated[float, _Positive, "for one such conversion"] = 30.0
    first_token_seconds: Annotated[float, _Positive, "until the engine's first token"] = 300.0
    idle_seconds: Annotated[float, _Positive, "between two chunks of the engine"] = 60.0
    total_seconds: Annotated[float, _Positive, "for one request in total"] = 3_600.0
    receive_seconds: Annotated[
        float, _Positive, "to receive a request's headers, and as long for its body"
    ] = 60.0
    connection_idle_seconds: Annotated[
        float, _Positive, "until a connection without a request is closed"
    ] = 5.0
    write_seconds: Annotated[float, _Positive, "for a client to read what was sent"] = 60.0
    keepalive_seconds: Annotated[float, _Positive, "of silence before a keep-alive comment"] = 15.0
    drain_seconds: Annotated[
        float, _AtLeastZero, "to go on serving, not ready, after a signal to stop"
    ] = 0.0
    grace_seconds: Annotated[float, _AtLeastZero, "for running requests to end after draining"] = (
        30.0
    )

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], "the least level that is logged"
    ] = "info"
    log_content: Annotated[bool, "log prompts, at level debug"] = False
    traces: Annotated[bool, "send OpenTelemetry traces; OTEL_ variables say where"] = False

    def __post_init__(self) -> None:
        for option in options():
            _check(option, getattr(self, option.name))
        if self.date not in {"today", "none"} and not _is_date(self.date):
            raise wrong_setting("date", "date must be today, none, or a day such as 2026-01-31")
        if not self.engine:
            message = "engine is empty; leave it out to use the demo engine"
            raise wrong_setting("engine", message)
        if self.store == "memory" and self.workers > 1:
            message = "store = memory is separate in each process; set store = none or workers = 1"
            raise wrong_setting("store", message)
        self.each_model()

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        if self.host in LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def engine_limits(self) -> Limits:
        """Return the limits of the engine's waits."""
        return dataclasses.replace(
            DEFAULT_LIMITS,
            engine_first_token_seconds=self.first_token_seconds,
            engine_idle_seconds=self.idle_seconds,
            engine_total_seconds=self.total_seconds,
        )

    def each_model(self) -> dict[str, Settings]:
        """Return the settings of each model by its name: these, with its table in their place.

        Raises:
            InvalidInputError: a table that is wrong, or a name that is used twice.

        """
        found: dict[str, Settings] = {}
        names: set[str] = set()
        for name, table in self.models.items():
            one = self._for_model(name, table)
            for served in (name, *one.aliases):
                if served in names:
                    raise _wrong_table(name, "is served under a name that is already in use")
                names.add(served)
            found[name] = one
        return found

    def _for_model(self, name: str, table: Mapping[str, object]) -> Settings:
        for key in table:
            if key not in PER_MODEL:
                raise _wrong_table(name, "cannot be set for one model alone", key)
        if "engine" not in table:
            raise _wrong_table(name, "needs an engine")
        changes = {"aliases": (), **table, "model": name, "models": {}}
        try:
            return dataclasses.replace(self, **changes)  # type: ignore[arg-type]
        except InvalidInputError as error:
            path, message = (
                f"models.{name}.{error.position.path}",
                f"models.{name}: {error.message}",
            )
            raise wrong_setting(path, message) from None


PER_MODEL = frozenset(
    {
        "aliases", "date", "effort", "engine", "identity", "max_output_tokens", "max_tokens",
        "min_p", "policy", "profile", "reasoning_field", "repetition_penalty", "temperature",
        "top_k", "top_p", "unenforced",
    }
)  # fmt: skip
"""Settings that a model's own table may have."""


@dataclass(frozen=True, slots=True)
class Option:
    """One setting, as read from the annotations of `Settings`.

    Args:
        name: the key in the file, and the field of `Settings`.
        kind: the type of a value: ``str``, ``int``, ``float``, ``bool``, ``tuple`` (of strings) or
            ``dict`` (tables, in a file only).
        default: the value when no source sets one.
        meaning: in a few words.
        words: the values that are allowed; empty when it is not a choice.
        bounds: of a number.

    """

    name: str
    kind: type
    default: object
    meaning: str
    words: tuple[str, ...] = ()
    bounds: Bounds | None = None

    @property
    def flag(self) -> str:
        """The flag of the command."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"{PREFIX}{self.name.upper()}"


@cache
def options() -> tuple[Option, ...]:
    """Return every setting, in the order of `Settings`."""
    hints = typing.get_type_hints(Settings, include_extras=True)
    return tuple(
        _option(one.name, hints[one.name], one.default) for one in dataclasses.fields(Settings)
    )


def _option(name: str, hint: object, default: object) -> Option:
    kind, *about = typing.get_args(hint)
    if default is dataclasses.MISSING:
        default = ()  # of tables, which have no value to show
    bounds = next((one for one in about if isinstance(one, Bounds)), None)
    words = typing.get_args(kind) if typing.get_origin(kind) is Literal else ()
    return Option(name, _plain_type(kind), default, str(about[-1]), words, bounds)


def _plain_type(kind: object) -> type:
    origin = typing.get_origin(kind)
    if origin is Literal:
        return str
    if origin is tuple:
        return tuple
    if origin is Mapping:
        return dict
    plain = [one for one in typing.get_args(kind) if one is not type(None)]
    return cast("type", plain[0] if plain else kind)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check(option: Option, value: object) -> None:
    name, bounds = option.name, option.bounds
    if option.words and value not in option.words:
        raise wrong_setting(name, f"{name} must be one of {', '.join(option.words)}")
    if bounds is None or not isinstance(value, int | float):
        return
    if not value >= bounds.low:  # NaN is refused as well
        raise wrong_setting(name, f"{name} must be at least {bounds.low}")
    if bounds.high is not None and not value <= bounds.high:
        raise wrong_setting(name, f"{name} must be at most {bounds.high}")


def _wrong_table(name: str, what: str, key: str = "") -> InvalidInputError:
    place = f"models.{name}.{key}" if key else f"models.{name}"
    return wrong_setting(place, f"{place} {what}")


def wrong_setting(name: str, message: str) -> InvalidInputError:
    """Return the error of a setting that cannot be used."""
    return InvalidInputError(message, code="invalid_setting", position=Position(path=name))
