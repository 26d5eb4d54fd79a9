"""The choice of library for a model, and the errors of loading it.

Libraries are imported by the runtimes, when a model is loaded and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harmonium.engines.local.llama import LlamaRuntime
from harmonium.engines.local.onnx import CONFIG, OnnxRuntime
from harmonium.engines.local.options import LocalOptions
from harmonium.engines.local.runtime import Runtime
from harmonium.errors import EngineUnavailableError, InvalidInputError, Position

Load = Callable[[str], Runtime]
"""Load a model, given the engine's name for messages; raises EngineUnavailableError."""


def loader(path: Path, options: LocalOptions) -> Load:
    """Choose what loads the model at a path; nothing is loaded yet.

    Raises:
        InvalidInputError: there is no model of a known kind (``invalid_engine``).

    """
    if path.suffix == ".gguf" and path.is_file():
        return lambda name: _load(name, lambda: LlamaRuntime(path, options))
    if (path / CONFIG).is_file():
        return lambda name: _load(name, lambda: OnnxRuntime(path, options))
    message = f"no local model at this path: give a .gguf file, or a folder with {CONFIG}"
    raise InvalidInputError(message, code="invalid_engine", position=Position(path="engine"))


def _load(name: str, make: Callable[[], Runtime]) -> Runtime:
    try:
        return make()
    except ImportError as error:
        extra = "local-gguf" if error.name == "llama_cpp" else "local"
        message = f"the engine needs {error.name}: pip install 'harmonium[{extra}]'"
        raise EngineUnavailableError(message, engine=name) from None
    except Exception as error:
        message = f"cannot load the model ({type(error).__name__}); is it a complete gpt-oss model?"
        raise EngineUnavailableError(message, engine=name) from error
