"""Every setting of the gateway: type, default, bounds and meaning.

The command's flags, the environment variables, the keys of the configuration file and the table in
the operators' page are all made from `Settings`. Where values come from is not its business.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harmonium.errors import InvalidInputError, Position

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def _setting(default: object, meaning: str, **bounds: object) -> object:
    """Describe a setting. Bounds: ``low``, ``high`` (inclusive), ``words`` (allowed values)."""
    return dataclasses.field(default=default, metadata={"meaning": meaning, **bounds})


def _number(default: float, meaning: str, low: float = 0, high: float | None = None) -> float:
    return _setting(default, meaning, low=low, high=high)  # type: ignore[return-value]


def _count(default: int, meaning: str, low: int = 1, high: int | None = None) -> int:
    return _setting(default, meaning, low=low, high=high)  # type: ignore[return-value]


def _word(default: str, meaning: str, *words: str) -> str:
    return _setting(default, meaning, words=words)  # type: ignore[return-value]


def _optional(meaning: str, low: float, high: float | None = None) -> float | None:
    return _setting(None, meaning, low=low, high=high)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration of one gateway.

    Raises:
        InvalidInputError: a value out of bounds, or values that do not go together; the position's
            path names the setting.

    Example:
        >>> Settings().host
        '127.0.0.1'
        >>> Settings(queue=-1)
        Traceback (most recent call last):
            ...
        harmonium.InvalidInputError: queue must be at least 0 (queue)

    """

    host: str = "127.0.0.1"
    port: int = _count(8000, "0 takes a free one", 0, 65_535)
    workers: int = _count(1, "processes that share the port", high=256)
    engine: tuple[str, ...] = _setting(("demo",), "several serve one model together")  # type: ignore[assignment]
    model: str = _word("", "the name that is served; the engine's own unless given")
    aliases: tuple[str, ...] = _setting((), "further names that requests may use for it")  # type: ignore[assignment]

    encoding: str = "o200k_harmony"
    profile: str = _word("guide", "how headers are printed", "guide", "oss", "legacy", "vllm")
    policy: Literal["repair", "strict"] = _word(  # type: ignore[assignment]
        "repair", "what is done with malformed output", "repair", "strict"
    )
    dialect: Literal["openai", "open-responses"] = _word(  # type: ignore[assignment]
        "openai", "how Responses names its reasoning events", "openai", "open-responses"
    )
    reasoning_field: Literal["reasoning", "reasoning_content", "both", "none"] = _word(  # type: ignore[assignment]
        "reasoning", "the field of reasoning in chat",
        "reasoning", "reasoning_content", "both", "none",
    )  # fmt: skip
    effort: str = _word("medium", "when a request names none", "low", "medium", "high")
    date: str = _word("today", "the date prompts tell: `today`, `none`, or YYYY-MM-DD")
    identity: str = _word("", "who the model is told it is; the format's own words unless given")
    unenforced: Literal["refuse", "prompt"] = _word(  # type: ignore[assignment]
        "refuse", "a form that the engine cannot enforce: a 400, or left to the prompt",
        "refuse", "prompt",
    )  # fmt: skip

    temperature: float | None = _optional("when a request names none", 0, 2)
    top_p: float | None = _optional("when a request names none", 0, 1)
    top_k: int | None = _optional("for every request", 0)  # type: ignore[assignment]
    min_p: float | None = _optional("for every request", 0, 1)
    repetition_penalty: float | None = _optional("for every request", 0.01, 10)
    max_tokens: int | None = _optional("when a request names none", 1)  # type: ignore[assignment]

    store: Literal["memory", "none"] = _word(  # type: ignore[assignment]
        "memory", "where stored responses are kept; several workers need `none`", "memory", "none"
    )
    store_bytes: int = _count(64 * 2**20, "what stored responses may take; the oldest go first")
    cache_bytes: int = _count(
        128 * 2**20, "what a process keeps of prompts so that their next turn is quick", 0
    )

    api_key_file: str = _word("", "a file with one key a line")
    allow_unauthenticated: bool = False
    allowed_hosts: tuple[str, ...] = _setting((), "names that a Host header may have")  # type: ignore[assignment]

    body_bytes: int = _count(16 * 2**20, "a request's body: 131,072 tokens take about 1 MiB")
    header_bytes: int = _count(32 * 2**10, "a request's headers together")
    json_depth: int = _count(128, "nesting of a request's JSON", high=500)
    max_messages: int = _count(10_000, "messages or input items of a request")
    max_tools: int = _count(512, "tools of a request; OpenAI takes 128")
    max_choices: int = _count(16, "`n`: each is a generation of its own", high=128)
    max_output_tokens: int = _count(131_072, "what a request may ask for: the models' context")
    concurrency: int = _count(256, "requests that generate at a time, in one process")
    queue: int = _count(256, "requests that wait for their turn; more get a 429", 0)
    queue_seconds: float = _number(30.0, "how long a request waits for its turn; then a 503")
    first_token_seconds: float = _number(300.0, "until the engine's first token", 0.001)
    idle_seconds: float = _number(60.0, "between two of the engine's chunks", 0.001)
    total_seconds: float = _number(3_600.0, "one request in all", 0.001)
    receive_seconds: float = _number(60.0, "until a request's body is here", 0.001)
    write_seconds: float = _number(60.0, "for a client to take what was written", 0.001)
    keepalive_seconds: float = _number(15.0, "of silence before a comment keeps a stream", 0.001)
    drain_seconds: float = _number(0.0, "to go on serving once told to stop, not ready")
    grace_seconds: float = _number(30.0, "for running requests to end once draining is over")

    log_level: str = _word(
        "info", "the least level that is logged", "debug", "info", "warning", "error"
    )
    log_content: bool = False
    traces: bool = False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            _check(field.name, getattr(self, field.name), field.metadata)
        if self.date not in {"today", "none"} and not _is_date(self.date):
            raise _wrong("date", "date must be today, none, or a day such as 2026-01-31")
        if not self.engine:
            raise _wrong("engine", "engine names none; leave it out for the demo engine")
        if self.store == "memory" and self.workers > 1:
            raise _wrong(
                "store", "store memory is each process's own; give store none, or workers 1"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        if self.host in LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check(name: str, value: object, bounds: Mapping[str, object]) -> None:
    words, low, high = bounds.get("words"), bounds.get("low"), bounds.get("high")
    if words and value not in words:  # type: ignore[operator]
        raise _wrong(name, f"{name} must be one of {', '.join(words)}")  # type: ignore[arg-type]
    if value is None or not isinstance(value, int | float):
        return
    if low is not None and not value >= low:  # type: ignore[operator]
        raise _wrong(name, f"{name} must be at least {low}")
    if high is not None and not value <= high:  # type: ignore[operator]
        raise _wrong(name, f"{name} must be at most {high}")


def _wrong(name: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, code="invalid_setting", position=Position(path=name))
