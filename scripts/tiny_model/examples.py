"""Lessons as token ids with a mask, in many openings. Does not train.

The prompt is printed as any of the four profiles would print it, because engines and libraries
differ; what the model learns to write is always the published guide's form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from harmonium import (
    Conversation,
    DeveloperContent,
    Message,
    ReasoningEffort,
    SystemContent,
    ToolNamespace,
    load_encoding,
)
from harmonium.render import PROFILES, token_mask
from scripts.tiny_model.lessons import Lesson, draw_lesson, turns

INSTRUCTIONS = (None, None, "Be brief.", "You are a helpful assistant.", "Answer in one sentence.")
_SETTINGS = ("Low", "Medium", "High")


@dataclass(frozen=True, slots=True)
class Example:
    """One turn: the ids a model is given, and those it should write."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]


def opening(lesson: Lesson, random: Random) -> list[Message]:
    """Make the system and developer messages a lesson may open with."""
    date = None
    if random.random() < 0.8:  # noqa: PLR2004  (most servers give a date)
        year, month, day = random.randint(2024, 2029), random.randint(1, 12), random.randint(1, 31)
        date = f"{year}-{month:02}-{day:02}"
    system = SystemContent(
        reasoning_effort=ReasoningEffort(random.choice(_SETTINGS)),
        conversation_start_date=date,
        tools=(ToolNamespace.python(),) if lesson.python else (),
    )
    instructions = random.choice(INSTRUCTIONS)
    messages = [Message.system(system)]
    if instructions or lesson.tools or lesson.formats:
        tools = (ToolNamespace.functions(lesson.tools),) if lesson.tools else ()
        messages.append(Message.developer(DeveloperContent(instructions, tools, lesson.formats)))
    return messages


def examples_of(lesson: Lesson, random: Random) -> Iterator[Example]:
    """Return an example for each of the lesson's turns.

    Raises:
        ValueError: the training mask and the cut between prompt and answer disagree.

    """
    encoding = load_encoding()
    start = (*opening(lesson, random), *lesson.earlier)
    for before, said in turns(lesson.messages):
        given = Conversation((*start, *before))
        whole = Conversation((*start, *before, *said))
        segments = encoding.render_segments(whole, training=True, history="keep")
        ids, mask = token_mask(segments, encoding.tokenizer)
        cut = len(encoding.render(given, "assistant", history="keep"))
        if not all(mask[cut:]) or mask[cut - 1]:
            message = "the training mask does not begin where the prompt ends"
            raise ValueError(message)
        profile = random.choice(list(PROFILES))
        prompt = encoding.render(given, "assistant", profile=profile, history="keep")
        end = -1 if lesson.is_endless else None
        yield Example(tuple(prompt), tuple(ids[cut:end]))


def draw_examples(random: Random, count: int) -> list[Example]:
    """Draw examples from as many lessons as it takes."""
    out: list[Example] = []
    while len(out) < count:
        out += examples_of(draw_lesson(random), random)
    return out[:count]
