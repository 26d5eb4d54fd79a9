"""What the prompts of both APIs have in common: how they begin, and how they are rendered.

It knows conversations; of requests only how to say where in one a fault stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from harmonium.errors import RequestError, SchemaError
from harmonium.model import (
    DEFAULT_CUTOFF,
    DEFAULT_IDENTITY,
    Conversation,
    DeveloperContent,
    Message,
    ReasoningEffort,
    ResponseFormat,
    Role,
    SystemContent,
    ToolNamespace,
)
from harmonium.openai.requests.field_types import FieldType
from harmonium.openai.requests.json_fields import read_choice
from harmonium.openai.requests.tolerance import AdaptableError
from harmonium.render import History, Profile


class Renders(Protocol):
    """Turn a conversation into token ids, as ``harmonium.Encoding`` does."""

    def render(
        self,
        conversation: Conversation,
        next_role: Role | str | None = None,
        training: bool = False,  # noqa: FBT001, FBT002  (as in Encoding)
        profile: Profile | str = "guide",
        history: History = "per_turn",
    ) -> list[int]:
        """Return the token ids."""


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """What a server puts into every prompt.

    Args:
        today: the date the model is told, ``YYYY-MM-DD`` by custom; None leaves it out. No clock
            is read: give it.
        identity: who the model is told it is.
        knowledge_cutoff: ``YYYY-MM`` by custom; None leaves it out.
        effort: the reasoning effort when a request names none.
        builtin_tools: namespaces of tools the server itself runs, such as ``browser``.

    """

    today: str | None = None
    identity: str | None = DEFAULT_IDENTITY
    knowledge_cutoff: str | None = DEFAULT_CUTOFF
    effort: ReasoningEffort = ReasoningEffort.MEDIUM
    builtin_tools: tuple[ToolNamespace, ...] = ()
    _made: dict[ReasoningEffort, Message] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def system_message(self, effort: ReasoningEffort | None = None) -> Message:
        """Return the system message, with the effort a request asks for if it does."""
        asked = effort or self.effort
        made = self._made.get(asked)
        if made is None:
            made = self._made[asked] = Message.system(
                SystemContent(
                    model_identity=self.identity,
                    reasoning_effort=asked,
                    conversation_start_date=self.today,
                    knowledge_cutoff=self.knowledge_cutoff,
                    tools=self.builtin_tools,
                )
            )
        return made


def read_effort(value: object, param: str) -> ReasoningEffort:
    """Return a reasoning effort; one that only other models know is adapted to the nearest.

    Raises:
        RequestError: it is no effort; an `AdaptableError` where it is another model's.

    """
    word = read_choice(value, param, _EFFORTS)
    if word in _LEVELS:
        return ReasoningEffort(word)
    message = f"{param} must be one of {', '.join(sorted(_LEVELS))}"
    raise AdaptableError(
        RequestError(message, param=param, code="invalid_value"), "effort", _EFFORTS[word]
    )


_LEVELS = frozenset(effort.value for effort in ReasoningEffort)
_EFFORTS = {
    "none": ReasoningEffort.LOW,
    "minimal": ReasoningEffort.LOW,
    "low": ReasoningEffort.LOW,
    "medium": ReasoningEffort.MEDIUM,
    "high": ReasoningEffort.HIGH,
    "xhigh": ReasoningEffort.HIGH,
    "max": ReasoningEffort.HIGH,
}
"""Every word that clients have in their menus -> the nearest level of these models."""

EFFORT = FieldType({"type": "string", "enum": list(_EFFORTS)}, read_effort)


def developer_message(
    instructions: str | None,
    tools: tuple[ToolNamespace, ...] = (),
    response_formats: tuple[ResponseFormat, ...] = (),
) -> Message | None:
    """Build the developer message; None when there is nothing to say."""
    if not (instructions or tools or response_formats):
        return None
    return Message.developer(DeveloperContent(instructions or None, tools, response_formats))


@dataclass(frozen=True, slots=True)
class SchemaPlaces:
    """The paths of the schemas of a prompt in its request.

    Args:
        tool: gives the place of a tool's parameters, by the numbers of its namespace and of the
            tool in it.
        answer_format: the place of the schema of the answer.

    """

    tool: Callable[[int, int], str]
    answer_format: str

    def find(self, path: str) -> str:
        """Return the place of the schema that stands at `path` of the conversation."""
        found = _TOOL.search(path)
        return self.answer_format if found is None else self.tool(int(found[1]), int(found[2]))


_TOOL = re.compile(r"\.tools\[(\d+)\]\.tools\[(\d+)\]")


def render_prompt(
    encoding: Renders,
    conversation: Conversation,
    places: SchemaPlaces,
    profile: Profile | str,
    history: History = "per_turn",
) -> list[int]:
    """Render a request's prompt for a completion: what is generated follows its last token.

    Raises:
        RequestError: a schema that cannot be rendered; ``param`` says which.

    """
    try:
        return encoding.render(
            conversation, next_role=Role.ASSISTANT, profile=profile, history=history
        )
    except SchemaError as error:
        param = places.find(error.position.path or "")
        raise RequestError(error.message, param=param, code=error.code) from error
