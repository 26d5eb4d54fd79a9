"""Where tokens are generated: prompt ids in, generated ids out, whatever server does it."""

from harmonium.engines.engine_check import EngineReport, check_engines
from harmonium.engines.pool.engine import Pool
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    ChunkSink,
    Constraint,
    ConstraintName,
    Engine,
    Finish,
    FinishReason,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    SamplingParams,
    StructuralTag,
    TokenLogprob,
    generate_into,
)
from harmonium.engines.registry import ENGINE_KINDS, open_engine
from harmonium.engines.replay.engine import Recorder, ReplayEngine
from harmonium.engines.replay.recordings import Recording, read_recordings
from harmonium.engines.timeouts import bound_waits

__all__ = [
    "ENGINE_KINDS",
    "Capabilities",
    "Chunk",
    "ChunkSink",
    "Constraint",
    "ConstraintName",
    "Engine",
    "EngineReport",
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
    "SamplingParams",
    "StructuralTag",
    "TokenLogprob",
    "bound_waits",
    "check_engines",
    "generate_into",
    "open_engine",
    "read_recordings",
]
