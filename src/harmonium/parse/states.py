"""The parser's state table: what each state does with each class of token. Data only.

Read a row as: in this state, a token of this class is handled by that action and leads there.
Where an action decides between states (a header may turn out to be unusable), ``to`` names each.
The actions are methods of `machine.Machine` with an underscore in front; the diagram in the docs
is drawn from this table, and a test walks every (state, class) pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple


class State(Enum):
    """Name where in a message the parser stands."""

    START = "start"
    HEADER = "header"
    CONTENT = "content"

    __hash__ = object.__hash__  # members are singletons; Enum's own is written in Python

    def __str__(self) -> str:
        return self.value


class TokenClass(Enum):
    """Name what a token is to the parser."""

    START = "start"
    CHANNEL = "channel"
    CONSTRAIN = "constrain"
    MESSAGE = "message"
    STOP = "stop"
    TEXT = "text"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__


class Transition(NamedTuple):
    """The action for a token, the states it leads to, and whether it is a deviation."""

    action: str
    to: tuple[State, ...]
    deviates: bool


_S, _T = State, TokenClass
_STAY_IN_HEADER = Transition("extend_header", (_S.HEADER,), deviates=False)

TRANSITIONS: Mapping[tuple[State, TokenClass], Transition] = MappingProxyType(
    {
        (_S.START, _T.START): Transition("open_header", (_S.HEADER,), deviates=False),
        (_S.START, _T.CHANNEL): Transition("open_implicit", (_S.HEADER,), deviates=True),
        (_S.START, _T.CONSTRAIN): Transition("open_implicit", (_S.HEADER,), deviates=True),
        (_S.START, _T.MESSAGE): Transition("open_implicit", (_S.CONTENT,), deviates=True),
        (_S.START, _T.STOP): Transition("skip_stop", (_S.START,), deviates=True),
        (_S.START, _T.TEXT): Transition("open_loose", (_S.HEADER,), deviates=True),
        (_S.START, _T.UNKNOWN): Transition("skip_unknown", (_S.START,), deviates=True),
        (_S.HEADER, _T.START): Transition("restart_header", (_S.HEADER,), deviates=True),
        (_S.HEADER, _T.CHANNEL): _STAY_IN_HEADER,
        (_S.HEADER, _T.CONSTRAIN): _STAY_IN_HEADER,
        (_S.HEADER, _T.MESSAGE): Transition("begin_content", (_S.CONTENT,), deviates=False),
        (_S.HEADER, _T.STOP): Transition("stop_header", (_S.HEADER, _S.START), deviates=True),
        (_S.HEADER, _T.TEXT): Transition("extend_header", (_S.HEADER, _S.CONTENT), deviates=False),
        (_S.HEADER, _T.UNKNOWN): Transition("skip_in_header", (_S.HEADER,), deviates=True),
        (_S.CONTENT, _T.START): Transition("break_message", (_S.HEADER,), deviates=True),
        (_S.CONTENT, _T.CHANNEL): Transition("break_message", (_S.HEADER,), deviates=True),
        (_S.CONTENT, _T.CONSTRAIN): Transition("skip_marker", (_S.CONTENT,), deviates=True),
        (_S.CONTENT, _T.MESSAGE): Transition("skip_marker", (_S.CONTENT,), deviates=True),
        (_S.CONTENT, _T.STOP): Transition("end_message", (_S.START,), deviates=False),
        (_S.CONTENT, _T.TEXT): Transition("extend_content", (_S.CONTENT,), deviates=False),
        (_S.CONTENT, _T.UNKNOWN): Transition("skip_unknown", (_S.CONTENT,), deviates=True),
    }
)
