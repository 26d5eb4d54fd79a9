"""Tables of the fields inside messages and tools, and of those of the answer.

The page about Chat Completions prints them; the code that does what they say stands in `messages`,
`tools`, `fields` and `chunks`. A test holds them against the types of the openai package.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NO_SOUND = "refused: the model reads text only"

NESTED_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "messages[].role": "who speaks; `function` is read as the result of that function",
        "messages[].content": "a string, or parts; null where nothing is said",
        "messages[].name": "the author's name; of a result, its call's counts instead",
        "messages[].refusal": "text the assistant said, behind its content",
        "messages[].tool_calls": "a message each, their arguments or input as they are",
        "messages[].function_call": "a call without an id",
        "messages[].tool_call_id": "the call that is answered; an unknown one is an error",
        "messages[].audio": _NO_SOUND,
        "messages[].content[].text": "joined to the other parts",
        "messages[].content[].refusal": "as text",
        "messages[].content[].image_url": _NO_SOUND,
        "messages[].content[].input_audio": _NO_SOUND,
        "messages[].content[].file": _NO_SOUND,
        "messages[].content[].prompt_cache_breakpoint": "ignored: a hint; changes no answer",
        "tools[].function": "`name`, `description`, `parameters`; `strict` is for the engine",
        "tools[].custom": "`name`, `description`, `format`; a grammar is told as text",
        "stream_options.include_usage": "a last chunk with the usage",
        "stream_options.include_obfuscation": "every chunk padded; not unless asked",
    }
)
"""Field inside a message, a tool or the stream's options -> what happens to it."""

ANSWER_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "id": "`chatcmpl-…`, the same in all chunks",
        "object": "`chat.completion`, `chat.completion.chunk`",
        "created": "the seam's `now`",
        "model": "the server's name for it, else the requested one",
        "choices": "`n` of them",
        "choices[].index": "which of the `n`",
        "choices[].finish_reason": "`stop`, `length`, `content_filter` or `tool_calls`",
        "choices[].logprobs": "of the visible tokens, when asked for; else null",
        "choices[].message": "in chunks `delta`",
        "choices[].message.role": "`assistant`; in a stream the first chunk's",
        "choices[].message.content": "preambles and answers; null beside calls without a preamble",
        "choices[].message.refusal": "null; absent in chunks: the model has no channel for it",
        "choices[].message.annotations": "`[]`; absent in chunks",
        "choices[].message.tool_calls": "functions and custom tools; absent without calls",
        "choices[].message.function_call": "absent: deprecated for `tool_calls`",
        "choices[].message.audio": "absent: the model writes text only",
        "metadata": "echoed; absent where none was given, and in chunks",
        "moderation": "absent: nothing moderates here",
        "obfuscation": "in chunks, when asked for: pads each text to a multiple of 16 bytes",
        "service_tier": "`default` when a tier was asked for; else null",
        "system_fingerprint": "`AnswerOptions.system_fingerprint`",
        "usage": "see above; in a stream the last chunk's, when asked for",
    }
)
"""Field of the answer -> what stands in it."""
