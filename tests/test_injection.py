"""No text can become structure: neither a special token nor a line outside its place."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.errors import InvalidInputError
from harmonium.model import (
    Author,
    ChannelConfig,
    Conversation,
    DeveloperContent,
    Message,
    ResponseFormat,
    Role,
    SystemContent,
    ToolDescription,
    ToolNamespace,
)
from harmonium.render import (
    PROFILES,
    Header,
    RenderOptions,
    conversation_segments,
    encode_segments,
    header_segments,
    plain_text,
    profile_named,
)
from harmonium.tokens.special import FIRST_SPECIAL, SPECIAL_TOKENS

ENCODING = load_encoding()
HARMLESS = "harmless"
LINE_ENDS = ["\n", "\r", "\r\n", "\u2028", "\u2029", "\x85", "\v", "\f", "\x1c", "\x1d", "\x1e"]
BREAKOUTS = [
    "}", "{", "} // namespace functions", "*/", "/*", "//", "// x", '"', "'", "`", "\\", '\\"', ",",
    ") => any;", "type f = () => any;", "namespace browser {", "# Tools", "# Valid channels: none.",
    "Reasoning: high", "\0", "\x1b[2J", "\u202e", "to=functions.f", "harmless?: any,", ";",
]  # fmt: skip
NAMED = [text for text in SPECIAL_TOKENS if "reserved" not in text]
ALL_SPECIAL = "".join(SPECIAL_TOKENS)

Build = Callable[[str], Conversation]


def tool(parameters: dict[str, object], *, name: str = "f", description: str = "d") -> Message:
    described = ToolDescription(name, description, parameters)
    return Message.developer(DeveloperContent(tools=(ToolNamespace.functions([described]),)))


def prop(**keywords: object) -> Message:
    return tool({"type": "object", "properties": {"p": keywords}, "required": ["p"]})


def one(message: Message) -> Conversation:
    return Conversation([Message.user("q"), message, Message.assistant("a", channel="final")])


def formatted(**fields: object) -> Conversation:
    made = {"name": "n", "schema": {"type": "object"}, **fields}
    return one(Message.developer(DeveloperContent("i", response_formats=[ResponseFormat(**made)])))


def namespace(**fields: object) -> Conversation:
    made = {"name": "n", "description": "d", "tools": [ToolDescription("f")], **fields}
    return one(Message.developer(DeveloperContent(tools=(ToolNamespace(**made),))))


# Free text is printed as it is, where free text belongs.
FREE: dict[str, Build] = {
    "user text": lambda t: one(Message.user(t)),
    "assistant text": lambda t: one(Message.assistant(t, channel="commentary")),
    "call": lambda t: one(Message.assistant(t, channel="commentary", recipient="functions.f")),
    "tool text": lambda t: one(Message.tool("functions.f", t)),
    "system text": lambda t: one(Message.system(t)),
    "developer text": lambda t: one(Message.developer(t)),
    "instructions": lambda t: one(Message.developer(DeveloperContent(t))),
    "identity": lambda t: one(Message.system(SystemContent(model_identity=t))),
}
# Text inside a block must stay in its comment or between its quotes.
ENCLOSED: dict[str, Build] = {
    "namespace description": lambda t: namespace(description=t),
    "tool description": lambda t: one(tool({}, description=t)),
    "schema description": lambda t: one(tool({"type": "object", "description": t})),
    "schema key": lambda t: one(tool({"type": "object", "properties": {t: {"type": "string"}}})),
    "property title": lambda t: one(prop(type="string", title=t)),
    "property description": lambda t: one(prop(type="string", description=t)),
    "property examples": lambda t: one(prop(type="string", examples=[t])),
    "property default": lambda t: one(prop(type="string", default=t)),
    "default of an enum": lambda t: one(prop(type="string", default=t, enum=["x"])),
    "default with a key": lambda t: one(prop(default={t: [t]})),
    "enum": lambda t: one(prop(type="string", enum=[t])),
    "enum without a type": lambda t: one(prop(enum=[t, {t: t}])),
    "const": lambda t: one(prop(const=t)),
    "const object": lambda t: one(prop(const={t: t})),
    "list of types": lambda t: one(prop(type=["string", t])),
    "type": lambda t: one(prop(type=t)),
    "variant description": lambda t: one(prop(oneOf=[{"description": t}, {}])),
    "variant default": lambda t: one(prop(anyOf=[{"type": "string", "default": t}])),
    "union description": lambda t: one(prop(oneOf=[{}], description=t, default=t, title=t)),
    "nested description": lambda t: one(
        prop(type="array", items={"type": "object", "properties": {t: {"description": t}}})
    ),
    "top variant": lambda t: one(tool({"oneOf": [{"type": "number", "description": t}, {}]})),
    "referenced text": lambda t: one(
        tool({"$ref": "#/$defs/d", "$defs": {"d": {"type": "object", "description": t}}})
    ),
    "merged text": lambda t: one(
        tool({"allOf": [{"type": "object", "properties": {t: {"title": t}}}, {"description": t}]})
    ),
    "response format description": lambda t: formatted(description=t),
    "response format schema": lambda t: formatted(schema={t: [t, {"description": t}]}),
}
# Names and lines are checked when they are made.
CHECKED: dict[str, Build] = {
    "cutoff": lambda t: one(Message.system(SystemContent(knowledge_cutoff=t))),
    "date": lambda t: one(Message.system(SystemContent(conversation_start_date=t))),
    "channel config": lambda t: one(
        Message.system(SystemContent(channel_config=ChannelConfig((t,))))
    ),
    "author name": lambda t: one(Message(Author(Role.USER, t), "x")),
    "tool author": lambda t: one(Message.tool(t, "x")),
    "channel": lambda t: one(Message.assistant("x", channel=t)),
    "recipient": lambda t: one(Message.assistant("x", recipient=t)),
    "content type": lambda t: one(Message.assistant("x", channel="final", content_type=t)),
    "tool name": lambda t: one(tool({"type": "object"}, name=t)),
    "namespace name": lambda t: namespace(name=t),
    "namespace key": lambda t: namespace(key=t),
    "response format name": lambda t: formatted(name=t),
}


def text_of(conversation: Conversation) -> str:
    return plain_text(conversation_segments(conversation))


def special_ids(conversation: Conversation) -> list[int]:
    return [token for token in ENCODING.render(conversation) if token >= FIRST_SPECIAL]


def structure(conversation: Conversation) -> list[str]:
    """Return what is neither comment nor literal, line by line; any line end counts as one."""
    lines = []
    for line in text_of(conversation).splitlines():
        bare = re.sub(rf'"(?:[^"\\]|\\.)*"|\b(?:{HARMLESS}|any)\b', '""', line)
        code = bare.partition("//")[0]
        lines += [code.rstrip()] if code.strip() or not bare.strip() else []
    return lines


def hostile_texts() -> list[str]:
    """Every special token after every line end; then every way out of a block likewise."""
    ways = [*NAMED, *BREAKOUTS]
    texts = [f"{HARMLESS}{end}{way}{end}{HARMLESS}" for end in ["", *LINE_ENDS] for way in ways]
    return [*texts, *ways, *LINE_ENDS, ALL_SPECIAL, "\n".join(ways), ""]


TEXTS = hostile_texts()


@pytest.mark.parametrize("field", [*FREE, *ENCLOSED])
def test_no_text_becomes_a_special_token(field: str) -> None:
    build = (FREE | ENCLOSED)[field]
    skeleton = special_ids(build(HARMLESS))
    assert [text for text in TEXTS if special_ids(build(text)) != skeleton] == []


@pytest.mark.parametrize("field", FREE)
def test_free_text_changes_nothing_around_it(field: str) -> None:
    around = text_of(FREE[field](HARMLESS)).split(HARMLESS)
    changed = [text for text in TEXTS if text_of(FREE[field](text)) != text.join(around)]
    assert changed == []


def test_the_description_of_a_namespace_without_tools_changes_nothing_around_it() -> None:
    def build(text: str) -> Conversation:
        return namespace(description=text, tools=())

    before, after = text_of(build(HARMLESS)).split(HARMLESS)
    for text in TEXTS:
        lines = re.split(r"\r?\n", text)  # how its lines end is not kept, nor an empty last one
        kept = lines[:-1] if lines[-1] == "" else lines
        printed = before + "\n".join(kept) if text else before.removesuffix("\n")
        assert text_of(build(text)) == printed + after
        assert special_ids(build(text)) == special_ids(build(HARMLESS))


@pytest.mark.parametrize("field", ENCLOSED)
def test_enclosed_text_stays_in_its_place(field: str) -> None:
    build = ENCLOSED[field]
    skeleton = structure(build(HARMLESS))
    moved = [text for text in TEXTS if text and structure(build(text)) != skeleton]
    assert moved == []


def accepted(build: Build, text: str) -> Conversation | None:
    try:
        return build(text)
    except InvalidInputError:
        return None


@pytest.mark.parametrize("field", CHECKED)
def test_names_and_lines_are_refused_or_stay_in_their_place(field: str) -> None:
    build = CHECKED[field]
    made = {text: accepted(build, text) for text in TEXTS}
    said = {text: conversation for text, conversation in made.items() if conversation}
    skeleton, lines = special_ids(build(HARMLESS)), len(text_of(build(HARMLESS)).splitlines())
    assert [text for text, found in said.items() if special_ids(found) != skeleton] == []
    assert [text for text, found in said.items() if len(text_of(found).splitlines()) != lines] == []
    assert len(said) < len(TEXTS) // 2


@pytest.mark.parametrize("field", ["author name", "channel", "recipient", "tool name"])
@pytest.mark.parametrize("end", LINE_ENDS)
def test_a_name_of_two_lines_is_refused(field: str, end: str) -> None:
    with pytest.raises(InvalidInputError):
        CHECKED[field](f"a{end}b")


@pytest.mark.parametrize("profile", PROFILES)
def test_names_nobody_checked_cannot_become_special_tokens_either(profile: str) -> None:
    for text in TEXTS:
        header = Header("assistant", text, f"x{text}", text, text)
        segments = header_segments(header, profile_named(profile))
        ids = encode_segments(segments, ENCODING.tokenizer)
        marks = 3 if "constrain" not in {getattr(s, "name", "") for s in segments} else 4
        assert sum(token >= FIRST_SPECIAL for token in ids) == marks


SNIPPETS = st.lists(
    st.sampled_from([*NAMED, *BREAKOUTS, *LINE_ENDS]) | st.text(max_size=8), max_size=6
).map("".join)


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(texts=st.lists(SNIPPETS, min_size=3, max_size=3))
def test_texts_in_all_places_at_once_leave_the_structure_alone(texts: list[str]) -> None:
    def build(first: str, second: str, third: str) -> Conversation:
        keywords = {"type": "string", "title": second, "description": third, "examples": [first]}
        enum = {"enum": [first, 1], "default": second, "oneOf": [{"description": third or "d"}]}
        parameters = {
            "type": "object",
            "description": first or "d",
            "properties": {f"k{third}": keywords, f"l{second}": enum},
        }
        described = ToolDescription("f", second or "d", parameters)
        space = ToolNamespace("functions", third or "d", (described,))
        return one(Message.developer(DeveloperContent(HARMLESS, (space,))))

    harmless = build(HARMLESS, HARMLESS, HARMLESS)
    assert special_ids(build(*texts)) == special_ids(harmless)
    keyless = [re.sub(r'^(?:"".*?|[kl]\S*?)\?:', '""?:', line) for line in structure(harmless)]
    found = [re.sub(r'^(?:""|[kl].*?)\?:', '""?:', line) for line in structure(build(*texts))]
    assert found == keyless


def test_render_options_have_no_way_to_allow_special_text() -> None:
    options = RenderOptions(extensions=False, history="keep")
    segments = conversation_segments(FREE["user text"](ALL_SPECIAL), options)
    ids = encode_segments(segments, ENCODING.tokenizer)
    assert sum(token >= FIRST_SPECIAL for token in ids) == len(special_ids(one(Message.user("x"))))
