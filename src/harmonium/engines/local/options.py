"""Options of a model in this process, and how they are written after its path."""

from __future__ import annotations

from dataclasses import dataclass, fields
from urllib.parse import parse_qsl

from harmonium.errors import InvalidInputError, Position


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What a model may use.

    Args:
        context: tokens of prompt and completion together; memory grows with it.
        threads: threads that compute; None leaves it to the library.
        gpu_layers: layers to put on a GPU; -1 all of them (GGUF only).

    """

    context: int = 16_384
    threads: int | None = None
    gpu_layers: int = 0


def read_place(place: str) -> tuple[str, LocalOptions]:
    """Split ``PATH?context=32768&threads=8`` into the path and the options.

    Raises:
        InvalidInputError: an option nobody knows, or no whole number (``invalid_engine``).

    Example:
        >>> read_place("model.gguf?context=4096")[1].context
        4096

    """
    path, _, words = place.partition("?")
    known = {field.name for field in fields(LocalOptions)}
    given = dict(parse_qsl(words, keep_blank_values=True))
    wrong = [name for name, value in given.items() if name not in known or not _is_count(value)]
    if wrong or (words and not given):
        message = f"options of a local model are whole numbers: {', '.join(sorted(known))}"
        raise InvalidInputError(message, code="invalid_engine", position=Position(path="engine"))
    return path, LocalOptions(**{name: int(value) for name, value in given.items()})


def _is_count(value: str) -> bool:
    return value.isdecimal() or value == "-1"
