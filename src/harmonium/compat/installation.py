"""What ``import openai_harmony`` means in this process. Knows nothing of what is behind it."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from harmonium.errors import HarmoniumError

_NAME = "openai_harmony"
_OURS = "harmonium.compat.openai_harmony"
_PLACES = ((_NAME, _OURS), (f"{_NAME}.{_NAME}", f"{_OURS}.bindings"))
_replaced: dict[str, ModuleType] = {}


def install(*, force: bool = False) -> None:
    """Make ``import openai_harmony`` mean `harmonium.compat.openai_harmony` in this process.

    Call it before anything imports the real one. Calling it again changes nothing.

    Args:
        force: also when the real one is already imported. Modules that hold its names keep
            them; its objects and ours do not mix.

    Raises:
        HarmoniumError: the real one is already imported (``already_imported``), or pydantic is
            not installed (``missing_extra``).

    Example:
        >>> import harmonium.compat
        >>> harmonium.compat.install()
        >>> import openai_harmony
        >>> openai_harmony.__name__
        'harmonium.compat.openai_harmony'
        >>> harmonium.compat.uninstall()

    """
    ours = {name: _load(source) for name, source in _PLACES}
    found = {
        name: sys.modules[name] for name in _present() if sys.modules[name] is not ours.get(name)
    }
    if found and not force:
        message = (
            "openai_harmony is already imported; call harmonium.compat.install() before anything "
            "imports it, or install(force=True) to replace it from now on"
        )
        raise HarmoniumError(message, code="already_imported")
    for name, module in found.items():
        _replaced[name] = module
        del sys.modules[name]
    sys.modules.update(ours)


def uninstall() -> None:
    """Undo `install`: ``import openai_harmony`` means again what it meant before.

    Does nothing when it is not installed.
    """
    ours = {source for _, source in _PLACES}
    for name in _present():
        if sys.modules[name].__name__ in ours:
            del sys.modules[name]
    sys.modules.update(_replaced)
    _replaced.clear()


def _present() -> list[str]:
    return [name for name in sys.modules if name == _NAME or name.startswith(f"{_NAME}.")]


def _load(name: str) -> ModuleType:
    if importlib.util.find_spec("pydantic") is None:  # the module itself loads it later
        message = 'harmonium.compat needs pydantic: pip install "harmonium[compat]"'
        raise HarmoniumError(message, code="missing_extra")
    return importlib.import_module(name)
