"""What the tiny model was taught, as questions with the answers it must give word for word."""

from __future__ import annotations

from dataclasses import dataclass

from harmonium import (
    Conversation,
    DeveloperContent,
    Message,
    SystemContent,
    ToolNamespace,
    load_encoding,
)
from harmonium.engines import GenerationRequest, SamplingParams
from scripts.tiny_model.lessons import COUNTING, GET_WEATHER, PERSON

ENCODING = load_encoding()
RETURN, CALL = 200_002, 200_012
NAME = "gpt-oss-tiny"
SYSTEM = Message.system(SystemContent(conversation_start_date="2026-11-21"))


@dataclass(frozen=True)
class HttpRequest:
    """A conversation and, as text with special tokens, how the model goes on."""

    name: str
    messages: tuple[Message, ...]
    answer: str

    @property
    def prompt(self):
        return ENCODING.render(Conversation((SYSTEM, *self.messages)), next_role="assistant")

    @property
    def ids(self):
        return ENCODING.encode(self.answer, allowed_special="all")


def reasoned(thought, answer):
    return (
        f"<|channel|>analysis<|message|>{thought}<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{answer}<|return|>"
    )


def developer(*, tools=(), formats=()):
    spaces = (ToolNamespace.functions(tools),) if tools else ()
    return Message.developer(DeveloperContent(None, spaces, formats))


WEATHER = (developer(tools=(GET_WEATHER,)), Message.user("What is the weather in Paris?"))
LOOKED_UP = (
    *WEATHER,
    Message.assistant("I look up Paris.", channel="analysis"),
    Message.assistant(
        '{"city": "Paris"}',
        channel="commentary",
        recipient="functions.get_weather",
        content_type="json",
    ),
    Message.tool("functions.get_weather", '{"degrees": 57, "sky": "sunny"}'),
)

GREETING = HttpRequest(
    "greeting",
    (Message.user("hi"),),
    reasoned("The user greets me.", "Hello! How can I help you?"),
)
JAPANESE = HttpRequest(
    "characters of several tokens",
    (Message.user("Greet me in Japanese."),),
    reasoned("A short greeting.", "こんにちは、世界！🌸"),  # noqa: RUF001
)
COUNT = HttpRequest(
    "counting",
    (Message.user("Count to 20."),),
    reasoned("Count from 1 to 20.", ", ".join(map(str, range(1, 21))) + "."),
)
TOOL_CALL = HttpRequest(
    "a tool call",
    WEATHER,
    "<|channel|>analysis<|message|>I look up Paris.<|end|><|start|>assistant<|channel|>commentary"
    ' to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>',
)
TOOL_RESULT = HttpRequest(
    "an answer from a tool's result",
    LOOKED_UP,
    "<|channel|>final<|message|>Paris: 57 degrees, sunny.<|return|>",
)
STRUCTURED = HttpRequest(
    "an answer in a declared format",
    (developer(formats=(PERSON,)), Message.user("Ann is 77 years old.")),
    reasoned("Ann, 77.", '{"name": "Ann", "age": 77}'),
)
QUESTIONS = (GREETING, JAPANESE, COUNT, TOOL_CALL, TOOL_RESULT, STRUCTURED)

ENDLESS = HttpRequest("endless", (Message.user("Count in circles and never stop."),), COUNTING)
"""Its answer goes on for ever, and holds this."""


def asking(question, name="r1", **sampling):
    """Ask a question with the likeliest token each time, unless told otherwise."""
    chosen = SamplingParams(**{"temperature": 0, **sampling})
    return GenerationRequest(name, NAME, question.prompt, chosen)
