"""Other libraries' names over harmonium's parts; today openai_harmony's.

Loads nothing until asked: `harmonium.compat.openai_harmony` needs pydantic.
"""

from harmonium.compat.installation import install, uninstall

__all__ = ["install", "uninstall"]
