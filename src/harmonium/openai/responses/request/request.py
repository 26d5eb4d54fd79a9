"""A Responses request as a conversation, with the settings that the answer repeats.

It puts the rules of its neighbours together. Nothing is fetched: what the request refers to
(a previous response, an item, a server's tools) is given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.model import (
    Conversation,
    DeveloperContent,
    Message,
    ResponseFormat,
    Role,
    ToolNamespace,
    unchecked,
)
from harmonium.openai.requests.json_fields import as_json, read_list
from harmonium.openai.requests.prompt import (
    PromptSettings,
    Renders,
    SchemaPlaces,
    developer_message,
    render_prompt,
)
from harmonium.openai.requests.tolerance import HOSTED_TOOLS, Adaptation, Adapter, Tolerance
from harmonium.openai.requests.tools import ToolChoice
from harmonium.openai.responses.reasoning_encryption import ReasoningCipher
from harmonium.openai.responses.request.fields import read_fields
from harmonium.openai.responses.request.history_cache import (
    InputSnapshot,
    ParsedHistories,
    ParsedHistory,
    ToolDeclarations,
)
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.openai.responses.request.mcp_servers import Approval, ApprovedCall
from harmonium.openai.responses.request.output_format import read_reasoning, read_text_form
from harmonium.openai.responses.request.previous_messages import HISTORY, check_sent, history_items
from harmonium.openai.responses.request.tool_choice import read_tool_choice
from harmonium.openai.responses.request.tools import RequestTools
from harmonium.openai.responses.request.truncation import truncate_to_fit
from harmonium.render import History, Profile

_BUILT_IN_SPACES: Mapping[str, ToolNamespace] = MappingProxyType(
    {"browser": ToolNamespace.browser(), "python": ToolNamespace.python()}
)
_SEALED = "reasoning.encrypted_content"


@dataclass(frozen=True, slots=True)
class ResponsesSetup:
    """What a server knows beside the request.

    Args:
        prompt: identity, date and the like.
        built_in: the namespaces of the built-in tools that can be asked for, by name; texts of
            ``browser`` and ``python`` are known unless given.
        mcp_tools: label of an MCP server -> its tools as ``tools/list`` gives them; the answer
            then begins with their list. Tools that ``mcp_list_tools`` items list are known
            without.
        mcp_failures: label of an MCP server -> why its tools could not be listed.
        mcp_approval: whether calls of MCP tools wait for the client's approval where a request
            does not say; OpenAI's own servers say ``always``.
        cipher: seals and opens reasoning; without one, asking for it is refused.
        defaults: values of absent fields, such as ``{"temperature": 0.7}``.
        previous: every item before this request, inputs and outputs in order: what
            ``previous_response_id`` stands for; None where that is not known, which refuses it.
        find_item: gives the item behind an ``item_reference``; None for an unknown id.
        histories: where what was read of requests is kept for the next turn; None keeps nothing.
        tolerance: whether what differs harmlessly is adapted (`ADAPTATIONS`), or refused.
        runs_tools: whether anyone runs the tools that a server runs itself: search, code, MCP.

    """

    prompt: PromptSettings = field(default_factory=PromptSettings)
    built_in: Mapping[str, ToolNamespace] = field(default_factory=dict)
    mcp_tools: Mapping[str, Iterable[object]] = field(default_factory=dict)
    mcp_failures: Mapping[str, str] = field(default_factory=dict)
    mcp_approval: Approval = "never"
    cipher: ReasoningCipher | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    previous: Iterable[object] | None = None
    find_item: Callable[[str], object | None] = lambda _: None
    histories: ParsedHistories | None = None
    tolerance: Tolerance = "lenient"
    runs_tools: bool = True


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """What a Responses request asks for.

    Args:
        conversation: what to render, for completion by the assistant.
        history: the rule of render for past reasoning: ``keep`` when all of it is asked for.
        tools: the tools and their names; ``tools.parser_tools`` are what a parser should know.
        tool_choice: what may or must be called; ``required`` is for the engine to enforce.
        response_format: what the final answer must look like, also for the engine; None is text.
        include: the words of ``include``.
        values: every field by name, absent ones with their defaults: sampling and echoes.
        items: the items of ``input``, as they came, references resolved: for the store. What
            ``previous_input_messages`` said stands before them, as one item of our own.
        cipher: the setup's, when sealed reasoning was asked for.
        approved: calls of MCP servers that were approved: the answer begins with running them.
        spaces: the namespaces of built-in tools that the model is told of.
        given: the fields that the request itself gives: of the others, `values` has the defaults.
        adaptations: how the request was adapted; see `ADAPTATIONS`.

    """

    conversation: Conversation
    history: History
    tools: RequestTools
    tool_choice: ToolChoice
    response_format: ResponseFormat | None
    include: frozenset[str]
    values: Mapping[str, object]
    items: tuple[JSONMapping, ...]
    cipher: ReasoningCipher | None = None
    approved: tuple[ApprovedCall, ...] = ()
    spaces: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    adaptations: tuple[Adaptation, ...] = ()

    def offers(self, recipient: str) -> bool:
        """Return whether the model was told of a tool that the server itself runs.

        Models also call tools that they were not given, or that were kept from them.
        """
        return recipient in self.tool_choice.names or recipient.partition(".")[0] in self.spaces

    def render(
        self,
        encoding: Renders,
        profile: Profile | str = "guide",
        limit: int | None = None,
        said: Sequence[Message] = (),
    ) -> list[int]:
        """Render the prompt for a completion: what is generated follows its last token.

        Args:
            encoding: renders conversations.
            profile: how messages are written.
            limit: how many tokens the prompt may have. Where it has more, ``truncation`` decides:
                with ``auto`` the first rounds of the conversation are left out.
            said: what the answer holds so far (``ResponseStream.messages``), for its next turn.

        Raises:
            RequestError: a schema that cannot be rendered (``param`` says which), or a prompt
                that is too long (code ``context_length_exceeded``).

        """
        places = SchemaPlaces(partial(self.tools.place_of, self.tool_choice), "text.format.schema")

        def render(conversation: Conversation) -> list[int]:
            return render_prompt(encoding, conversation, places, profile, self.history)

        messages = (*self.conversation.messages, *said)
        conversation = unchecked(Conversation, messages=messages) if said else self.conversation
        ids = render(conversation)
        if limit is None or len(ids) <= limit:
            return ids
        is_cut = self.values["truncation"] == "auto"
        fitting = truncate_to_fit(conversation, render, limit) if is_cut else None
        if fitting is None:
            raise _too_long(len(ids), limit)
        return fitting


_DEFAULT_SETUP = ResponsesSetup()
_NOTHING_KEPT = ParsedHistories(limit=0)


def responses_request(data: object, setup: ResponsesSetup = _DEFAULT_SETUP) -> ResponsesRequest:
    """Turn the body of a Responses request into a conversation and settings.

    Args:
        data: the parsed JSON; objects of the `openai` package may stand in it anywhere.
        setup: what the server knows beside the request.

    Raises:
        RequestError: a wrong value, or one that cannot be honoured; ``param`` says where.

    Example:
        >>> request = responses_request({"model": "gpt-oss-20b", "input": "hi"})
        >>> [message.author.role.value for message in request.conversation]
        ['system', 'user']

    """
    request, adapter = JsonNode(as_json(data)), Adapter(setup.tolerance)
    values = dict(read_fields(request, setup.defaults))
    said = _said(request, setup)
    histories = setup.histories or _NOTHING_KEPT
    dialogue = histories.read(_declared(request, setup), said)
    choice, values["tool_choice"] = _choice(request.get("tool_choice"), dialogue, setup)
    standard = setup.prompt.effort
    effort, history, values["reasoning"] = read_reasoning(
        request.get("reasoning"), standard, adapter
    )
    shape, values["text"] = read_text_form(request.get("text"), adapter)
    values["tools"] = list(dialogue.tools.echo)
    include = _include(values["include"], setup)
    lead = _PromptPreamble(request, dialogue, choice, shape)
    prompt = lead.prompt(setup)
    if not setup.runs_tools:  # then a call of a server's tool is for the client to answer
        dialogue.tools.names.served = frozenset(space.name for space in prompt.builtin_tools)
    return ResponsesRequest(
        unchecked(Conversation, messages=lead.messages(prompt.system_message(effort))),
        history,
        dialogue.tools,
        choice,
        shape,
        include,
        MappingProxyType(values),
        tuple(dialogue.items[said.before :]),
        setup.cipher if _SEALED in include else None,
        dialogue.reader.approved,
        frozenset(space.name for space in prompt.builtin_tools),
        frozenset(name for name, value in request.mapping().items() if value is not None),
        (*adapter.found, *dialogue.reader.adapter.found),
    )


@dataclass(frozen=True, slots=True)
class _PromptPreamble:
    """The messages before the history: system and developer."""

    request: JsonNode
    dialogue: ParsedHistory
    choice: ToolChoice
    shape: ResponseFormat | None

    def messages(self, system: Message) -> tuple[Message, ...]:
        """Put them before what was said.

        A history that itself begins with instructions gives them to the developer message,
        where the request has none: models know one such message, with the tools in it.
        """
        said = self.dialogue.messages
        instructions = self.request.get("instructions").optional_text()
        if instructions is None and said and said[0].author.role is Role.DEVELOPER:
            content = said[0].content[0]
            instructions = content.instructions if isinstance(content, DeveloperContent) else None
            said = said[1:]
        shapes = () if self.shape is None else (self.shape,)
        spaces = self.dialogue.namespaces(self.choice)
        developer = developer_message(instructions, spaces, shapes)
        return (system, *(() if developer is None else (developer,)), *said)

    def prompt(self, setup: ResponsesSetup) -> PromptSettings:
        """Return the server's settings with the built-in tools that may be called.

        With ``tool_choice: none`` these are none, also of those that the server itself gives.
        """
        known = {**_BUILT_IN_SPACES, **setup.built_in}
        given = {space.name: space for space in setup.prompt.builtin_tools}
        for name in self.dialogue.tools.built_in:
            if name not in known and name not in given:
                self.request.get("tools").refuse(f"this server has no {name}")
            if name in self.choice.names:
                given.setdefault(name, known.get(name) or given[name])
        if self.choice.mode == "none":
            given.clear()
        return replace(setup.prompt, builtin_tools=tuple(given.values()))


def _choice(
    choice: JsonNode, dialogue: ParsedHistory, setup: ResponsesSetup
) -> tuple[ToolChoice, object]:
    """Read the choice of tools; one of a tool that was left out is the model's own choice."""
    left_out = setup.tolerance == "lenient" and not setup.runs_tools
    if left_out and isinstance(choice.value, Mapping) and choice.value.get("type") in HOSTED_TOOLS:
        return read_tool_choice(JsonNode(None, choice.path), dialogue.tools)
    return read_tool_choice(choice, dialogue.tools)


def _declared(request: JsonNode, setup: ResponsesSetup) -> ToolDeclarations:
    servers = {label: list(tools) for label, tools in setup.mcp_tools.items()}
    return ToolDeclarations(
        request.get("tools"), servers, setup.mcp_failures, setup.mcp_approval, setup.cipher,
        setup.tolerance, setup.runs_tools,
    )  # fmt: skip


def _said(request: JsonNode, setup: ResponsesSetup) -> InputSnapshot:
    """Return the items before this request and its own."""
    previous = request.get("previous_response_id")
    if setup.previous is None and not previous.is_null:
        message = "no response with this id is stored here; send its items in input"
        previous.fail(message, code="previous_response_not_found")
    before = list(setup.previous or ())
    given, told = request.get("input"), request.get(HISTORY)
    if given.is_null and not before and told.is_null:
        given.given()
    history = history_items(told)
    items: Sequence[object] = ()
    if isinstance(given.value, str):
        items = [{"role": "user", "content": given.value}]
    elif not given.is_null:
        items = read_list(given.value, given.path)
        check_sent(items, given.path)
    is_text = isinstance(given.value, str)
    said = [*before, *history, *items]
    return InputSnapshot(said, len(before), setup.find_item, bool(history), is_text)


def _include(words: object, setup: ResponsesSetup) -> frozenset[str]:
    found = list(map(str, words)) if isinstance(words, list | tuple) else []
    if _SEALED in found and setup.cipher is None:
        place = JsonNode(None, f"include[{found.index(_SEALED)}]")
        place.refuse("this server has no key to encrypt reasoning")
    return frozenset(found)


def _too_long(found: int, limit: int) -> RequestError:
    message = (
        f"the prompt has {found} tokens, and {limit} fit; send less, or truncation: auto, which "
        "leaves out the first rounds"
    )
    return RequestError(message, param="input", code="context_length_exceeded")
