"""Where tokens are generated: prompt ids in, generated ids out, whatever server does it."""

from harmonium.engines.opening import ENGINE_KINDS, open_engine
from harmonium.engines.pool import Pool
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    Constraint,
    ConstraintName,
    Engine,
    Finish,
    FinishReason,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    Sampling,
    StructuralTag,
    TokenLogprob,
)
from harmonium.engines.recordings import Recording, read_recordings
from harmonium.engines.replay import Recorder, ReplayEngine

__all__ = [
    "ENGINE_KINDS",
    "Capabilities",
    "Chunk",
    "Constraint",
    "ConstraintName",
    "Engine",
    "Finish",
    "FinishReason",
    "GenerationRequest",
    "Grammar",
    "JsonObject",
    "JsonSchema",
    "Pool",
    "Recorder",
    "Recording",
    "ReplayEngine",
    "Sampling",
    "StructuralTag",
    "TokenLogprob",
    "open_engine",
    "read_recordings",
]
