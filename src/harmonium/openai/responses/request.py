"""Own how a Responses request becomes a conversation and the settings that an answer repeats.

It puts the rules of its neighbours together. Nothing is fetched: what the request refers to
(a previous response, an item, a server's tools) is given by the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

from harmonium.model import (
    Conversation,
    DeveloperContent,
    Message,
    ReasoningEffort,
    ResponseFormat,
    Role,
    ToolNamespace,
)
from harmonium.openai.failures import blaming
from harmonium.openai.prompt import (
    PromptSettings,
    Renders,
    SchemaPlaces,
    developer_message,
    render_prompt,
)
from harmonium.openai.reading import JSONObject, as_json
from harmonium.openai.responses.encryption import ReasoningCipher
from harmonium.openai.responses.fields import read_fields
from harmonium.openai.responses.input_items import InputReader, index_calls, item_type
from harmonium.openai.responses.node import Node
from harmonium.openai.responses.previous import read_previous_messages
from harmonium.openai.responses.tool_choice import read_tool_choice
from harmonium.openai.responses.tools import RequestTools, read_tools
from harmonium.openai.tools import ToolChoice
from harmonium.render import History, Profile

_BUILT_IN_SPACES: Mapping[str, ToolNamespace] = MappingProxyType(
    {"browser": ToolNamespace.browser(), "python": ToolNamespace.python()}
)


@dataclass(frozen=True, slots=True)
class ResponsesSetup:
    """Hold what a server knows beside the request.

    Args:
        prompt: identity, date and the like.
        built_in: the namespaces of the built-in tools that can be asked for, by name; texts of
            ``browser`` and ``python`` are known unless given.
        mcp_tools: label of an MCP server -> its tools as ``tools/list`` gives them; tools that
            ``mcp_list_tools`` items list are known without.
        cipher: seals and opens reasoning; without one, asking for it is refused.
        defaults: values of absent fields, such as ``{"temperature": 0.7}``.
        previous: every item before this request, inputs and outputs in order: what
            ``previous_response_id`` stands for.
        find_item: gives the item behind an ``item_reference``; None for an unknown id.

    """

    prompt: PromptSettings = field(default_factory=PromptSettings)
    built_in: Mapping[str, ToolNamespace] = field(default_factory=dict)
    mcp_tools: Mapping[str, Iterable[object]] = field(default_factory=dict)
    cipher: ReasoningCipher | None = None
    defaults: Mapping[str, object] = field(default_factory=dict)
    previous: Iterable[object] = ()
    find_item: Callable[[str], object | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """Hold what a Responses request asks for.

    Args:
        conversation: what to render, for completion by the assistant.
        history: the rule of render for past reasoning: ``keep`` when all of it is asked for.
        tools: the tools and their names; ``tools.parser_tools`` are what a parser should know.
        tool_choice: what may or must be called; ``required`` is for the engine to enforce.
        response_format: what the final answer must look like, also for the engine; None is text.
        include: the words of ``include``.
        values: every field by name, absent ones with their defaults: sampling and echoes.
        items: the items of ``input``, as they came, references resolved: for the store.
        cipher: the setup's, when sealed reasoning was asked for.

    """

    conversation: Conversation
    history: History
    tools: RequestTools
    tool_choice: ToolChoice
    response_format: ResponseFormat | None
    include: frozenset[str]
    values: Mapping[str, object]
    items: tuple[JSONObject, ...]
    cipher: ReasoningCipher | None = None

    def render(self, encoding: Renders, profile: Profile | str = "guide") -> list[int]:
        """Render the prompt for a completion: what is generated follows its last token.

        Raises:
            RequestError: a schema that cannot be rendered; ``param`` says which.

        """
        places = SchemaPlaces(partial(self.tools.place_of, self.tool_choice), "text.format.schema")
        return render_prompt(encoding, self.conversation, places, profile, self.history)


_DEFAULT_SETUP = ResponsesSetup()


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
    request = Node(as_json(data))
    values = dict(read_fields(request, setup.defaults))
    before, items = _all_items(request, setup)
    tools = read_tools(request.get("tools"), _listed_tools([*before, *items], setup))
    choice, values["tool_choice"] = read_tool_choice(request.get("tool_choice"), tools)
    effort, history, values["reasoning"] = _reasoning(request.get("reasoning"), setup)
    shape, values["text"] = _text(request.get("text"))
    values["tools"] = list(tools.echo)
    include = frozenset(map(str, _include(request, setup)))
    reader = InputReader(tools.names, setup.cipher, index_calls([*before, *items]))
    said = [message for item in before for message in reader.read(item)]
    said += read_previous_messages(request.get("previous_input_messages"), tools.names)
    said += [message for item in items for message in reader.read(item)]
    opening = _Opening(request, tools, choice, shape, effort)
    return ResponsesRequest(
        Conversation(tuple(opening.lead(said, setup))),
        history,
        tools,
        choice,
        shape,
        include,
        MappingProxyType(values),
        tuple(item.mapping() for item in items),
        setup.cipher if "reasoning.encrypted_content" in include else None,
    )


@dataclass(frozen=True, slots=True)
class _Opening:
    """Know what goes before the history: the system and the developer message."""

    request: Node
    tools: RequestTools
    choice: ToolChoice
    shape: ResponseFormat | None
    effort: ReasoningEffort | None

    def lead(self, said: list[Message], setup: ResponsesSetup) -> list[Message]:
        """Put the opening before what was said.

        A history that itself begins with instructions gives them to the developer message,
        where the request has none: models know one such message, with the tools in it.
        """
        instructions = self.request.get("instructions").optional_text()
        if instructions is None and said and said[0].author.role is Role.DEVELOPER:
            content = said[0].content[0]
            instructions = content.instructions if isinstance(content, DeveloperContent) else None
            said = said[1:]
        with blaming("tools"):
            spaces = self.tools.namespaces(self.choice)
        shapes = () if self.shape is None else (self.shape,)
        developer = developer_message(instructions, spaces, shapes)
        system = self._system(setup)
        return [system, *([] if developer is None else [developer]), *said]

    def _system(self, setup: ResponsesSetup) -> Message:
        known = {**_BUILT_IN_SPACES, **setup.built_in}
        given = {space.name: space for space in setup.prompt.builtin_tools}
        for name in self.tools.built_in:
            if name not in known and name not in given:
                self.request.get("tools").refuse(f"this server has no {name}")
            if name in self.choice.names:
                given.setdefault(name, known.get(name) or given[name])
        prompt = replace(setup.prompt, builtin_tools=tuple(given.values()))
        return prompt.system_message(self.effort)


def _all_items(request: Node, setup: ResponsesSetup) -> tuple[list[Node], list[Node]]:
    """Give the items before this request and its own, references resolved."""
    before = [
        Node(as_json(item), f"previous[{index}]") for index, item in enumerate(setup.previous)
    ]
    known = {item.get("id").value: item for item in before if isinstance(item.get("id").value, str)}
    given = request.get("input")
    if given.is_null and not before and request.get("previous_input_messages").is_null:
        given.given()
    if isinstance(given.value, str):
        return before, [Node({"role": "user", "content": given.value}, "input")]
    items: list[Node] = []
    for item in given.items():
        if item_type(item) == "item_reference":
            items.append(_referred(item, known, setup))
        else:
            items.append(item)
    return before, items


def _referred(item: Node, known: Mapping[object, Node], setup: ResponsesSetup) -> Node:
    wanted = item.get("id").text()
    found = known.get(wanted)
    value = as_json(setup.find_item(wanted)) if found is None else found.value
    if value is None:
        item.get("id").fail(f"no item with the id {wanted} is stored here", code="item_not_found")
    return Node(value, item.path)


def _listed_tools(items: Iterable[Node], setup: ResponsesSetup) -> dict[str, Node]:
    """Give what is known of every MCP server's tools; what the setup says counts most."""
    listed: dict[str, Node] = {}
    for item in items:
        if item_type(item) == "mcp_list_tools":
            listed[item.get("server_label").text()] = item.get("tools")
    for label, tools in setup.mcp_tools.items():
        members = [_as_listed(as_json(tool)) for tool in tools]
        listed[label] = Node(members, f"mcp_tools.{label}")
    return listed


def _as_listed(tool: object) -> object:
    """Spell ``inputSchema``, as MCP has it, the way the API does."""
    if isinstance(tool, Mapping) and "inputSchema" in tool and "input_schema" not in tool:
        return {**tool, "input_schema": tool["inputSchema"]}
    return tool


def _include(request: Node, setup: ResponsesSetup) -> list[str]:
    words = []
    for member in request.get("include").items():
        words.append(member.text())
        if words[-1] == "reasoning.encrypted_content" and setup.cipher is None:
            member.refuse("this server has no key to seal reasoning with")
    return words


def _reasoning(
    reasoning: Node, setup: ResponsesSetup
) -> tuple[ReasoningEffort | None, History, object]:
    """Read ``reasoning``: the effort, which past reasoning is kept, and the echo."""
    if reasoning.is_null:
        return None, "per_turn", {"effort": setup.prompt.effort.value, "summary": None}
    effort = reasoning.get("effort")
    level = None if effort.is_null else ReasoningEffort(effort.choice("low", "medium", "high"))
    for name in ("summary", "generate_summary"):
        summary = reasoning.get(name)
        if not summary.is_null and summary.choice("auto", "concise", "detailed") != "auto":
            summary.refuse("no summaries are written here: reasoning is given whole; give auto")
    mode = reasoning.get("mode")
    if not mode.is_null and mode.value != "standard":
        mode.refuse("only standard is known here")
    context = reasoning.get("context")
    keeps = not context.is_null and context.choice("auto", "current_turn", "all_turns")
    history: History = "keep" if keeps == "all_turns" else "per_turn"
    echo = {"effort": (level or setup.prompt.effort).value, "summary": None}
    return level, history, echo


def _text(text: Node) -> tuple[ResponseFormat | None, object]:
    """Read ``text``: the format of the answer, and the echo."""
    if text.is_null:
        return None, {"format": {"type": "text"}}
    verbosity = text.get("verbosity")
    if not verbosity.is_null and verbosity.choice("low", "medium", "high") != "medium":
        verbosity.refuse("these models know one verbosity; give medium or leave it out")
    echo: dict[str, object] = {"format": {"type": "text"}}
    if not verbosity.is_null:
        echo["verbosity"] = verbosity.value
    form = text.get("format")
    kind = "text" if form.is_null else form.get("type").choice("text", "json_schema", "json_object")
    if kind == "text":
        return None, echo
    if kind == "json_object":
        return ResponseFormat("json_object", {"type": "object"}), {**echo, "format": {"type": kind}}
    name, about = form.get("name").text(), form.get("description").optional_text()
    schema = form.get("schema").mapping()
    with blaming(form.path):
        shape = ResponseFormat(name, schema, about)
    echo["format"] = {
        "type": kind,
        "name": name,
        "description": about,
        "schema": dict(schema),
        "strict": form.get("strict").flag(default=False),
    }
    return shape, echo
