"""The file format of recorded generations: JSON Lines. Knows nothing of who replays them.

A recording holds prompts and answers: it is as private as they are.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from harmonium.engines.protocol import Chunk
from harmonium.errors import EngineProtocolError, InvalidInputError, Position


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
    from harmonium.engines.replay.recorded_line import read_line  # noqa: PLC0415  (needs msgspec)

    try:
        held = read_line(line.encode())
    except EngineProtocolError:
        message = "this line is not a recorded generation"
        position = Position(path=f"line {number}")
        raise InvalidInputError(message, code="invalid_recording", position=position) from None
    chunks = tuple(chunk.to_chunk() for chunk in held.chunks)
    return Recording(held.prompt, chunks, held.error or None, held.model)
