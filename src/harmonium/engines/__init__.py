"""Where tokens are generated: prompt ids in, generated ids out, whatever server does it."""

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

__all__ = [
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
    "Sampling",
    "StructuralTag",
    "TokenLogprob",
]
