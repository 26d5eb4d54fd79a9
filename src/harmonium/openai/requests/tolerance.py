"""What requests may differ in from what the model and this server can do, and how each is adapted.

Clients send hints that no gpt-oss model knows, tools that only OpenAI runs, and old histories.
Under ``lenient`` such a request is adapted, and the answer's caller is told how; under ``strict``
it is refused. The table is the whole list: whatever is not in it is honoured or refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harmonium.errors import RequestError

Tolerance = Literal["lenient", "strict"]

ADAPTATIONS: Mapping[str, str] = MappingProxyType(
    {
        "author_name": "an author's name that no header can carry is spelt with letters it can",
        "effort": "`none` and `minimal` become `low`, `xhigh` and `max` become `high`",
        "hosted_tool": "a tool that only OpenAI's servers run is left out",
        "image_in_result": "an image or file in a tool's result becomes a short text",
        "max_tokens": "`max_tokens` of -1 or 0 below means no bound of its own",
        "sealed_reasoning": "reasoning that was sealed elsewhere is left out",
        "stop": "more than four stop strings are taken",
        "store": "a chat completion that should be stored is answered, and not stored",
        "summary": "a summary of reasoning in a certain style is not written, like any other",
        "verbosity": "a verbosity is ignored: the model knows none",
    }
)
"""Code of an adaptation -> what is done. The gateway tells the codes in ``x-harmonium-adapted``."""


HOSTED_TOOLS = frozenset(
    {
        "web_search", "web_search_2025_08_26", "web_search_preview",
        "web_search_preview_2025_03_11", "code_interpreter", "container", "file_search",
        "image_generation", "computer", "computer_use_preview", "tool_search", "mcp",
    }
)  # fmt: skip
"""Types of tools that a server runs itself: none does here, unless who embeds the room says so."""


@dataclass(frozen=True, slots=True)
class Adaptation:
    """One adaptation of a request: its code (a key of `ADAPTATIONS`), and the parameter's path."""

    code: str
    param: str


class AdaptableError(RequestError):
    """A refusal that a lenient reader need not make: it goes on with `value` instead.

    Args:
        refusal: the error under ``strict``.
        code: the adaptation under ``lenient``.
        value: what is read then.

    """

    def __init__(self, refusal: RequestError, code: str, value: object) -> None:
        super().__init__(refusal.message, param=refusal.position.path, code=refusal.code)
        self.adaptation = code
        self.value = value


class Adapter:
    """The adaptations of one request: collected under ``lenient``, refused under ``strict``.

    Args:
        tolerance: which of the two.
        found: what was adapted before, in the part of a conversation that was read already.

    """

    __slots__ = ("found", "is_strict")

    def __init__(self, tolerance: Tolerance = "lenient", found: Iterable[Adaptation] = ()) -> None:
        self.is_strict = tolerance == "strict"
        self.found = list(found)

    def copy(self) -> Adapter:
        """Return an adapter of its own that has found as much."""
        return Adapter("strict" if self.is_strict else "lenient", self.found)

    def adapt(self, code: str, refusal: RequestError) -> None:
        """Record an adaptation.

        Raises:
            RequestError: `refusal`, under ``strict``.

        """
        if self.is_strict:
            raise refusal
        self.found.append(Adaptation(code, refusal.position.path or ""))

    def read(self, reader: Callable[[object, str], object], value: object, param: str) -> object:
        """Read a field, and go on where its refusal can be adapted.

        Raises:
            RequestError: it cannot be read, or only under ``lenient``.

        """
        try:
            return reader(value, param)
        except AdaptableError as error:
            self.adapt(error.adaptation, error)
            return error.value
