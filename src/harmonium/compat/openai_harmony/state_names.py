"""The compiled module's enumeration of parser states. Knows nothing of parsing."""

from __future__ import annotations


class _Named(type):
    def __call__(cls, *_: object, **__: object) -> object:
        message = f"No constructor defined for {cls.__name__}"
        raise TypeError(message)


class PyStreamState(metaclass=_Named):
    """The states of a parser; ``int()`` numbers them."""

    __slots__ = ("_name", "_number")

    ExpectStart: PyStreamState
    Header: PyStreamState
    Content: PyStreamState

    _name: str
    _number: int

    def __int__(self) -> int:
        return self._number

    def __repr__(self) -> str:
        return f"PyStreamState.{self._name}"


def _state(name: str, number: int) -> PyStreamState:
    made = object.__new__(PyStreamState)
    made._name, made._number = name, number
    return made


PyStreamState.ExpectStart = _state("ExpectStart", 0)
PyStreamState.Header = _state("Header", 1)
PyStreamState.Content = _state("Content", 2)
