"""Generate with a model in this process: a GGUF file, or a folder for ONNX Runtime."""

from harmonium.engines.local.engine import LocalEngine
from harmonium.engines.local.options import LocalOptions

__all__ = ["LocalEngine", "LocalOptions"]
