"""Other libraries' names over harmonium's parts: openai_harmony's, and those servers call (vllm).

Loads nothing until asked: `harmonium.compat.openai_harmony` needs pydantic, and
`harmonium.compat.vllm` the openai package too.
"""

from harmonium.compat.installation import install, uninstall

__all__ = ["install", "uninstall"]
