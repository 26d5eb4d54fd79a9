"""Messages and conversations render token for token as both published renderers render them."""

from __future__ import annotations

import json
import random

import pytest

from harmonium.model import (
    Conversation,
    Message,
    ToolNamespace,
    conversation_from_dict,
    message_from_dict,
)
from harmonium.render import (
    GUIDE,
    Header,
    RenderOptions,
    conversation_segments,
    encode_segments,
    header_segments,
    message_segments,
    profile_named,
)
from harmonium.tokens import Tokenizer
from tests.oracle import Oracle
from tests.render.render_conversations import Conversations

Made = list[dict[str, object]]


def ask(oracle: Oracle, function: str, cases: list[list[object]]) -> list[object]:
    return [answer.get("ok", answer) for answer in oracle.ask("probes_render", function, cases)]


def like(oracle: Oracle, **choices: object) -> RenderOptions:
    options = {"history": "library", "extensions": False} | choices
    return RenderOptions(profile=oracle.name, **options)


@pytest.fixture(scope="module")
def made() -> Made:
    source = Conversations(21)
    return [source.conversation() for _ in range(1500)]


@pytest.fixture(scope="module")
def conversations(made: Made) -> list[Conversation]:
    return [conversation_from_dict(item) for item in made]


@pytest.mark.parametrize("history", ["library", "keep"])
def test_conversations(
    oracle: Oracle,
    tokenizer: Tokenizer,
    made: Made,
    conversations: list[Conversation],
    history: str,
) -> None:
    options = like(oracle, history=history)
    ours = [encode_segments(conversation_segments(c, options), tokenizer) for c in conversations]
    cases = [[json.dumps(item), history == "library"] for item in made]
    assert ours == ask(oracle, "conversation", cases)


@pytest.mark.parametrize("role", ["user", "assistant", "system", "developer", "tool"])
def test_conversations_for_completion(
    oracle: Oracle, tokenizer: Tokenizer, made: Made, conversations: list[Conversation], role: str
) -> None:
    options = like(oracle, next_role=role)
    few = conversations[:300]
    ours = [encode_segments(conversation_segments(c, options), tokenizer) for c in few]
    assert ours == ask(
        oracle, "completion", [[json.dumps(item), role, True] for item in made[:300]]
    )


def test_conversations_for_training(
    oracle: Oracle, tokenizer: Tokenizer, made: Made, conversations: list[Conversation]
) -> None:
    options = like(oracle, training=True)
    ours = [encode_segments(conversation_segments(c, options), tokenizer) for c in conversations]
    assert ours == ask(oracle, "training", [[json.dumps(item), True] for item in made])
    ended = [ids for ids in ours if ids and ids[-1] == tokenizer.format.return_]
    assert len(ended) > 100


@pytest.mark.parametrize("has_function_tools", [False, True])
def test_single_messages(
    oracle: Oracle,
    tokenizer: Tokenizer,
    has_function_tools: bool,  # noqa: FBT001
) -> None:
    source = Conversations(22)
    roles = ["system", "developer", "user", "assistant", "tool"]
    dicts = [source.message(role) for _ in range(500) for role in roles]
    ours = [
        encode_segments(
            message_segments(
                message_from_dict(item), like(oracle), has_function_tools=has_function_tools
            ),
            tokenizer,
        )
        for item in dicts
    ]
    cases = [[json.dumps(item), has_function_tools] for item in dicts]
    assert ours == ask(oracle, "message", cases)


NAMES = [
    None, "", "x", ":x", "x  ", " x", "x\n", "\n", "=x", "all", "final", "commentary", "analysis",
    "commentary ", "<|end|>", "<|constrain|>", "<|constrain|>json", "<|constrain|> json",
    "<|constrain|><|constrain|>json", "  json", "\n\njson", "é", "🙂", "to=x", "'s", "assistant",
]  # fmt: skip


def test_any_strings_as_names(oracle: Oracle, tokenizer: Tokenizer) -> None:
    pick = random.Random(23).choice
    roles = ["system", "developer", "user", "assistant", "assistant", "tool"]
    headers = [
        Header(pick(roles), pick(NAMES[1:]), pick(NAMES), pick(NAMES), pick(NAMES))
        for _ in range(4000)
    ]
    cases = [
        [json.dumps({key: value for key, value in made.items() if value is not None}), False]
        for made in ({**header._asdict(), "content": ""} for header in headers)
    ]
    profile = profile_named(oracle.name)
    ours = [encode_segments(header_segments(header, profile), tokenizer) for header in headers]
    theirs = [ids[:-1] for ids in ask(oracle, "message", cases)]
    assert ours == theirs


def test_built_in_tools_print_as_the_oracle_prints_its_own(
    oracle: Oracle, tokenizer: Tokenizer
) -> None:
    ours = [
        encode_segments(
            message_segments(
                message_from_dict(
                    {
                        "role": "system",
                        "content": [
                            {"type": "system_content", "tools": {space.key: as_dict(space)}}
                        ],
                    }
                ),
                RenderOptions(profile=oracle.name),
            ),
            tokenizer,
        )
        for space in (ToolNamespace.browser(), ToolNamespace.python())
    ]
    assert ours == ask(oracle, "built_in_tools", [["browser"], ["python"]])


def as_dict(space: ToolNamespace) -> dict[str, object]:
    tools = [
        {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in space.tools
    ]
    return {"name": space.name, "description": space.description, "tools": tools}


def test_the_oracle_refuses_what_the_model_refuses(oracle: Oracle) -> None:
    nameless = {"role": "tool", "content": "x"}
    misplaced = {"role": "user", "content": [{"type": "system_content"}]}
    answers = ask(oracle, "message", [[json.dumps(item), False] for item in (nameless, misplaced)])
    assert [answer["error"][0] for answer in answers] == ["RuntimeError", "RuntimeError"]


def test_the_guide_profile_differs_from_oss_only_in_tool_and_user_messages_on_commentary(
    tokenizer: Tokenizer, conversations: list[Conversation]
) -> None:
    guide, oss = RenderOptions(profile=GUIDE), RenderOptions(profile="oss")
    for conversation in conversations:
        for message in conversation:
            same = encode_segments(message_segments(message, guide), tokenizer) == encode_segments(
                message_segments(message, oss), tokenizer
            )
            assert same or swaps(message)


def swaps(message: Message) -> bool:
    return (
        message.author.role.value != "assistant"
        and message.channel == "commentary"
        and message.recipient not in {None, "all"}
    )
