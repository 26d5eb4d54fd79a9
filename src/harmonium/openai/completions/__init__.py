"""Text completions: requests to ``/v1/completions`` read, their answers written.

Nothing of Harmony is rendered or parsed here: the prompt goes to the engine as it is, and its text
comes back. Knows nothing of HTTP, engines or token ids' meaning.
"""

from harmonium.openai.completions.answer import (
    CompletionAnswer,
    CompletionStream,
    CompletionTokenLogprob,
    completion_logprobs,
)
from harmonium.openai.completions.request import (
    COMPLETION_FIELDS,
    CompletionRequest,
    completion_request,
    completion_request_schema,
)

__all__ = [
    "COMPLETION_FIELDS",
    "CompletionAnswer",
    "CompletionRequest",
    "CompletionStream",
    "CompletionTokenLogprob",
    "completion_logprobs",
    "completion_request",
    "completion_request_schema",
]
