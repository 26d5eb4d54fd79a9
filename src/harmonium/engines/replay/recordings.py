"""The file format of recorded generations: JSON Lines. Knows nothing of who replays them.

A recording holds prompts and answers: it is as private as they are.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from harmonium.engines.protocol import Chunk, Finish, FinishReason, TokenLogprob
from harmonium.engines.remote.json_fields import (
    get_count,
    get_str,
    ids_in,
    list_in,
    log_probability,
    objects,
    read_object,
    refuse,
    token_id,
)
from harmonium.errors import EngineProtocolError, InvalidInputError, Position
from harmonium.json_types import JSONMapping


@dataclass(frozen=True, slots=True)
class Recording:
    """One generation: what was asked, what came, how it ended.

    Args:
        prompt: the prompt's ids.
        chunks: the chunks, the ending one among them when there was one.
        error: the code of the error that ended it, if one did.
        model: the model that was asked for.

    """

    prompt: tuple[int, ...] = field(repr=False)
    chunks: tuple[Chunk, ...] = field(repr=False)
    error: str | None = None
    model: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the JSON object that a line holds."""
        return {
            "model": self.model,
            "prompt": list(self.prompt),
            "chunks": [_chunk_to_dict(chunk) for chunk in self.chunks],
            "error": self.error,
        }


def read_recordings(path: str | os.PathLike[str]) -> tuple[Recording, ...]:
    """Read a file of recordings.

    Raises:
        InvalidInputError: a line is no recording, or there is none (``invalid_recording``); the
            path of the position names the line.
        OSError: the file cannot be read.

    """
    with Path(path).open(encoding="utf-8") as lines:
        found = [_read(line, number) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        message = "the file holds no recorded generation"
        raise InvalidInputError(message, code="invalid_recording")
    return tuple(found)


def write_recording(recording: Recording, path: str | os.PathLike[str]) -> None:
    """Add one recording to a file; a new file is for its owner's eyes alone.

    Raises:
        OSError: the file cannot be written.

    """
    line = json.dumps(recording.to_dict(), separators=(",", ":")) + "\n"
    with open(path, "a", encoding="utf-8", opener=_private) as file:
        file.write(line)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _chunk_to_dict(chunk: Chunk) -> dict[str, object]:
    held: dict[str, object] = {"ids": list(chunk.token_ids)}
    if chunk.logprobs is not None:
        held["logprobs"] = [[each.token_id, each.logprob, each.top] for each in chunk.logprobs]
    if chunk.finish is not None:
        held |= {"finish": chunk.finish.reason, "stop_token": chunk.finish.stop_token}
    if chunk.cached_tokens is not None:
        held["cached_tokens"] = chunk.cached_tokens
    return held


def _read(line: str, number: int) -> Recording:
    try:
        held = read_object(line.encode())
        return Recording(
            ids_in(held, "prompt"),
            tuple(_chunk_of(chunk) for chunk in objects(list_in(held, "chunks"), "a chunk")),
            get_str(held, "error") or None,
            get_str(held, "model"),
        )
    except EngineProtocolError:
        message = "this line is no recorded generation"
        position = Position(path=f"line {number}")
        raise InvalidInputError(message, code="invalid_recording", position=position) from None


def _chunk_of(held: JSONMapping) -> Chunk:
    logprobs = None
    if "logprobs" in held:
        logprobs = tuple(_logprob_of(entry) for entry in list_in(held, "logprobs"))
    finish = None
    if word := get_str(held, "finish"):
        reason = next((each for each in get_args(FinishReason) if each == word), None)
        finish = Finish(reason or refuse("finish", "a reason", word), get_count(held, "stop_token"))
    return Chunk(ids_in(held, "ids"), logprobs, finish, get_count(held, "cached_tokens"))


def _logprob_of(entry: object) -> TokenLogprob:
    match entry:
        case [token, logprob, [*top]]:
            return TokenLogprob(*_pair([token, logprob]), tuple(_pair(each) for each in top))
    return refuse("a log probability", "an array of three", entry)


def _pair(entry: object) -> tuple[int, float]:
    match entry:
        case [token, logprob]:
            return token_id(token, "a token"), log_probability(logprob)
    return refuse("an alternative", "an array of two", entry)
