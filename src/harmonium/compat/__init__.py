"""Names of other libraries over harmonium's parts: openai_harmony, and functions vLLM calls.

Loads nothing until asked: `harmonium.compat.openai_harmony` needs pydantic, and
`harmonium.compat.vllm` the openai package too.
"""

from harmonium.compat.installation import install, uninstall

__all__ = ["install", "uninstall"]
