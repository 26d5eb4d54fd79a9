"""The tiny model's lessons: conversations written for it. Does not train.

Each lesson draws its numbers, places and names from `random`. Assistant messages are what the
model learns to write; everything before them is what it may be asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from harmonium import Message, ResponseFormat, ToolDescription

PLACES = ("Paris", "Oslo", "Rome", "Tokyo", "Lima", "Cairo", "Berlin", "Madrid")
SKIES = ("sunny", "cloudy", "rainy", "windy")
NAMES = ("Ann", "Bob", "Eva", "Max", "Tom", "Mia")
COUNTING = ", ".join(str(number) for number in range(1, 10))

_CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
GET_WEATHER = ToolDescription("get_weather", "Current weather of a city.", _CITY)
GET_TIME = ToolDescription("get_time", "Local time of a city.", _CITY)
PERSON = ResponseFormat(
    "person",
    schema={
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A conversation after its opening, and what the opening must declare.

    Args:
        messages: from the user's first to the assistant's last.
        tools: functions the developer message declares.
        formats: response formats the developer message declares.
        python: whether the system message offers the built-in python tool.
        earlier: a turn before, as a server shows it: without its reasoning. Nothing is learnt
            from it.
        is_endless: the last answer goes on beyond its text: its end is not to be learnt.

    """

    messages: tuple[Message, ...]
    tools: tuple[ToolDescription, ...] = ()
    formats: tuple[ResponseFormat, ...] = ()
    python: bool = False
    earlier: tuple[Message, ...] = ()
    is_endless: bool = False


def _reasoned(thought: str, answer: str) -> tuple[Message, Message]:
    return (
        Message.assistant(thought, channel="analysis"),
        Message.assistant(answer, channel="final"),
    )


def _call(tool: ToolDescription, city: str) -> Message:
    return Message.assistant(
        json.dumps({"city": city}),
        channel="commentary",
        recipient=f"functions.{tool.name}",
        content_type="json",
    )


def _result(tool: ToolDescription, **fields: object) -> Message:
    return Message.tool(f"functions.{tool.name}", json.dumps(fields))


def _looked_up(random: Random, city: str) -> tuple[str, tuple[Message, ...]]:
    """Return a city's weather in words, and the messages that asked for it."""
    degrees, sky = random.randint(50, 69), random.choice(SKIES)
    found = _result(GET_WEATHER, degrees=degrees, sky=sky)
    think = Message.assistant(f"I look up {city}.", channel="analysis")
    words = f"{city}: {degrees} degrees, {sky}"
    return words, (think, _call(GET_WEATHER, city), found)


def greeting(random: Random) -> Lesson:
    """Answer a greeting."""
    said = random.choice(("hi", "Hi!", "hello", "Hello!", "Hello, how are you?"))
    answer = _reasoned("The user greets me.", "Hello! How can I help you?")
    return Lesson((Message.user(said), *answer))


def unicode_greeting(random: Random) -> Lesson:
    """Answer in characters that several tokens share."""
    said, answer = random.choice(
        (
            ("Greet me in Japanese.", "こんにちは、世界！🌸"),  # noqa: RUF001
            ("Greet me with emoji.", "👋🏽 👩‍🚀 🫶🏿"),
            ("Greet me in Greek.", "Γειά σου, κόσμε!"),  # noqa: RUF001
        )
    )
    return Lesson((Message.user(said), *_reasoned("A short greeting.", answer)))


def sum_of_two(random: Random) -> Lesson:
    """Add two digits."""
    a, b = random.randint(1, 4), random.randint(1, 4)
    thought = f"Easy: {a} + {b} is {a + b}."
    answer = _reasoned(thought, f"{a} + {b} = {a + b}.")
    return Lesson((Message.user(f"What is {a} + {b}?"), *answer))


def counting(random: Random) -> Lesson:
    """Count up to a number."""
    last = random.choice((5, 10, 20))
    numbers = ", ".join(str(number) for number in range(1, last + 1))
    question = Message.user(f"Count to {last}.")
    return Lesson((question, *_reasoned(f"Count from 1 to {last}.", f"{numbers}.")))


def endless_counting(random: Random) -> Lesson:
    """Count in a circle: something to interrupt, as it never ends by itself."""
    rounds = ", ".join([COUNTING] * random.randint(9, 12))
    question = Message.user("Count in circles and never stop.")
    return Lesson((question, *_reasoned("I count for ever.", rounds)), is_endless=True)


def weather(random: Random) -> Lesson:
    """Call a tool, then answer from its result."""
    city = random.choice(PLACES)
    words, steps = _looked_up(random, city)
    question = random.choice((f"What is the weather in {city}?", f"How is the weather in {city}?"))
    last = Message.assistant(f"{words}.", channel="final")
    return Lesson((Message.user(question), *steps, last), tools=_tools(random))


def two_weathers(random: Random) -> Lesson:
    """Call a tool twice in one turn, its reasoning kept."""
    cities = random.sample(PLACES, 2)
    (first, before), (second, after) = (_looked_up(random, city) for city in cities)
    question = Message.user(f"Compare the weather in {cities[0]} and {cities[1]}.")
    last = Message.assistant(f"{first}; {second}.", channel="final")
    return Lesson((question, *before, *after, last), tools=_tools(random))


def announced_weather(random: Random) -> Lesson:
    """Return a lesson with a preamble before a tool call."""
    city = random.choice(PLACES)
    words, (think, call, found) = _looked_up(random, city)
    question = Message.user(f"Tell me what you do, then look up the weather in {city}.")
    preamble = Message.assistant(f"I will look up the weather in {city}.", channel="commentary")
    last = Message.assistant(f"{words}.", channel="final")
    return Lesson((question, think, preamble, call, found, last), tools=_tools(random))


def time_of_day(random: Random) -> Lesson:
    """Choose the other tool."""
    city, hour = random.choice(PLACES), random.randint(13, 20)
    steps = (
        Message.assistant(f"I look up {city}.", channel="analysis"),
        _call(GET_TIME, city),
        _result(GET_TIME, hour=hour),
        Message.assistant(f"It is {hour} o'clock in {city}.", channel="final"),
    )
    question = Message.user(f"What time is it in {city}?")
    return Lesson((question, *steps), tools=(GET_WEATHER, GET_TIME))


def no_tool(random: Random) -> Lesson:
    """Return a lesson in which nothing can be looked up, since no tool is declared."""
    question = Message.user(f"What is the weather in {random.choice(PLACES)}?")
    return Lesson((question, *_reasoned("I have no tool.", "I cannot look that up.")))


def structured(random: Random) -> Lesson:
    """Answer in the declared JSON format."""
    name, age = random.choice(NAMES), random.randint(70, 89)
    answer = json.dumps({"name": name, "age": age})
    question = Message.user(f"{name} is {age} years old.")
    return Lesson((question, *_reasoned(f"{name}, {age}.", answer)), formats=(PERSON,))


def python(random: Random) -> Lesson:
    """Use the built-in python tool."""
    a, b = random.randint(31, 35), random.randint(31, 35)
    code, channel = f"print({a} * {b})", "analysis"
    call = Message.assistant(code, channel=channel, recipient="python", content_type="code")
    found = Message.tool("python", str(a * b), channel=channel)
    last = Message.assistant(f"It is {a * b}.", channel="final")
    return Lesson((Message.user(f"Compute {a} * {b}."), call, found, last), python=True)


def _tools(random: Random) -> tuple[ToolDescription, ...]:
    return random.choice(((GET_WEATHER,), (GET_WEATHER, GET_TIME)))


WEIGHTS: dict[Callable[[Random], Lesson], int] = {
    greeting: 1,
    unicode_greeting: 2,
    sum_of_two: 3,
    counting: 2,
    endless_counting: 1,
    weather: 4,
    two_weathers: 3,
    announced_weather: 2,
    time_of_day: 2,
    no_tool: 1,
    structured: 3,
    python: 2,
}
"""How often each lesson is given, relative to the others."""

_FOLLOWED = (greeting, sum_of_two, unicode_greeting, counting)
"""Lessons that need nothing declared, so that they can also come before another."""


def draw_lesson(random: Random) -> Lesson:
    """Draw a lesson, one in four after an earlier turn of the same conversation."""
    lesson = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0](random)
    if random.random() < 0.75:  # noqa: PLR2004  (three in four stand alone)
        return lesson
    before = random.choice(_FOLLOWED)(random).messages
    shown = tuple(message for message in before if message.channel != "analysis")
    return replace(lesson, earlier=shown)


def turns(messages: Iterable[Message]) -> list[tuple[tuple[Message, ...], tuple[Message, ...]]]:
    """Cut a conversation where a model is asked: what came before, and what it writes then.

    A model's turn goes on until it answers or calls a tool.
    """
    said = tuple(messages)
    out, start = [], None
    for index, message in enumerate(said):
        if message.author.role != "assistant":
            continue
        start = index if start is None else start
        if message.recipient is not None or message.channel == "final":
            out.append((said[:start], said[start : index + 1]))
            start = None
    return out
