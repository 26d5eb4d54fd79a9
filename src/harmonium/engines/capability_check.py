"""The check that an engine supports what a request asks for."""

from __future__ import annotations

from harmonium.engines.protocol import Capabilities, GenerationRequest
from harmonium.errors import InvalidInputError, Position


def check_supported(request: GenerationRequest, capabilities: Capabilities) -> None:
    """Check that an engine supports what a request asks for.

    Raises:
        InvalidInputError: a constraint (``unsupported_constraint``), or more log probabilities
            (``unsupported_logprobs``), than the engine has.

    """
    constraint = request.constraint
    if constraint is not None and constraint.name not in capabilities.constraints:
        known = ", ".join(sorted(capabilities.constraints)) or "none"
        message = (
            f"this engine does not support the constraint {constraint.name}; it supports: {known}"
        )
        raise InvalidInputError(
            message, code="unsupported_constraint", position=Position(path="constraint")
        )
    wanted, most = request.sampling.logprobs, capabilities.logprobs
    if wanted is not None and (most is None or wanted > most):
        message = "this engine does not return log probabilities; omit `logprobs`"
        if most is not None:
            message = f"this engine returns log probabilities of at most {most} alternatives"
        raise InvalidInputError(
            message, code="unsupported_logprobs", position=Position(path="sampling.logprobs")
        )
