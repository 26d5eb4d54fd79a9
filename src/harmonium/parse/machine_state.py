"""The state of one stream, and the one place where a deviation is raised or reported.

Policy ``strict`` and ``repair`` share every action: a deviation goes through `_deviate`, which
raises under one and reports under the other. Knows no action.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from harmonium.errors import ParseError, Position
from harmonium.model import Role
from harmonium.parse.content import ContentBuffer
from harmonium.parse.event_queue import EventQueue
from harmonium.parse.events import (
    MessageStarted,
    Repaired,
    Span,
)
from harmonium.parse.header import ROLE_AUTHORS, Header
from harmonium.parse.lexicon import Lexicon
from harmonium.parse.repair.deviations import DEVIATIONS
from harmonium.parse.repair.header_reader import Policy
from harmonium.parse.repair.header_repair import Deviation
from harmonium.parse.states import State, TokenClass
from harmonium.parse.tool_names import ToolNames

_EXPECTED = {
    State.START: ("<|start|>",),
    State.HEADER: ("header words", "<|channel|>", "<|constrain|>", "<|message|>"),
    State.CONTENT: ("text", "<|end|>", "<|call|>", "<|return|>"),
}

Action = Callable[[Any, int, TokenClass], None]


class MachineState:
    """The state of one stream; see `Machine`."""

    _actions: ClassVar[Mapping[tuple[State, TokenClass], Action]]
    """The methods of `Machine` by state and class of token."""

    def __init__(
        self, lexicon: Lexicon, policy: Policy, tools: ToolNames, header_limit: int
    ) -> None:
        self._lexicon = lexicon
        self._policy: Policy = policy
        self._tools = tools
        self._header_limit = header_limit
        self._outbox = EventQueue()
        self._index = 0
        self._state = State.START
        self._given_role: Role | None = None
        self._implicit = False
        self._loose = False
        self._glued = b""
        self._held: list[int] = []
        self._tokens: list[int] = []
        self._header_start = 0
        self._overlong = False
        self._structured = False
        self._header = Header(ROLE_AUTHORS[Role.ASSISTANT])
        self._content = ContentBuffer()
        self._unopened: MessageStarted | None = None
        self._plain = False

    def _handle(self, token: int, token_class: TokenClass) -> None:
        self._actions[self._state, token_class](self, token, token_class)

    def _begin_header(self, given_role: Role | None, start: int) -> None:
        self._state = State.HEADER
        self._plain = False
        self._given_role = given_role
        self._implicit = False
        self._loose = False
        self._glued = b""
        self._overlong = False
        self._structured = False
        self._header_start = start
        self._tokens = []

    def _deviate(
        self, code: str, span: Span, text: str, action: str, *, discarded: bool = False
    ) -> None:
        """Report a deviation, or raise it under policy ``strict``."""
        if self._policy == "strict":
            self._fail(code, span.start)
        self._outbox.add(Repaired(code, span, text, action, discarded))

    def _fail(self, code: str, token: int) -> None:
        position = Position(token=token, state=str(self._state))
        expected = _EXPECTED[self._state]
        message = f"{DEVIATIONS[code]}; here may stand: {', '.join(expected)}"
        raise ParseError(message, code=code, position=position, expected=expected)

    def _report_all(self, deviations: tuple[Deviation, ...]) -> None:
        for code, span, text, action in deviations:
            self._outbox.add(Repaired(code, span, text, action, discarded=False))

    def _discard_one(self, code: str, token: int) -> None:
        span = Span(self._index, self._index + 1)
        self._deviate(code, span, self._lexicon.name(token), "skipped", discarded=True)
