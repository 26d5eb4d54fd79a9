"""The cases: the work of each, its inputs (new ones for every round) and its contenders.

One table; what is expected of whom stands in targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from benchmarks import chats, material
from benchmarks.contenders import (
    BARE,
    COMPAT,
    FLOOR,
    LEGACY,
    OPENAI,
    OSS,
    OWN,
    PLAIN,
    TEMPLATE,
    Contender,
)
from benchmarks.texts import KINDS, Texts
from harmonium import load_encoding

Inputs = Callable[[Texts, int], object]
"""Make the input of one run, of a size."""

TURNS = 10
"""How many turns a growing conversation grows by, one rendering after each."""

PEERS = (OSS, LEGACY, COMPAT, OWN)


@dataclass(frozen=True, slots=True)
class Case:
    """A case of the benchmark.

    Args:
        name: one word or a few; the key in results.
        title: what a reader is told it is.
        work: the name of the work inside the contenders.
        inputs: makes one run's input of a size.
        size: the size measured; growth is measured from it to four times it.
        runs: how many inputs a round has; they are worked on in a row and timed together.
        each: how often the thing is done with one input.
        contenders: who is measured.

    """

    name: str
    title: str
    work: str
    inputs: Inputs
    size: int
    runs: int = 5
    each: int = 1
    contenders: tuple[Contender, ...] = PEERS

    @property
    def times(self) -> int:
        """How often the thing is done in a round."""
        return self.runs * self.each

    def round(self, seed: int, size: int | None = None) -> list[object]:
        """Make the inputs of one round; another seed gives texts never seen before."""
        texts = Texts(f"{self.name} {seed}")
        return [self.inputs(texts, size or self.size) for _ in range(self.runs)]


def encode(text: str) -> list[int]:
    """Encode ordinary text."""
    return load_encoding().encode_ordinary(text)


def _chat(texts: Texts, turns: int) -> object:
    return material.conversation(texts, turns)


def _agent(texts: Texts, turns: int) -> object:
    return material.conversation(texts, turns, material.AGENT)


def _grown(lengths: material.Lengths) -> Inputs:
    def inputs(texts: Texts, turns: int) -> object:
        said = material.conversation(texts, turns, lengths)
        return {"said": said, "turns": [material.turn(texts, [], lengths) for _ in range(TURNS)]}

    return inputs


def _grown_much(texts: Texts, turns: int) -> object:
    """Return a conversation of 25 turns, grown by `turns`."""
    more = [said for _ in range(turns) for said in material.turn(texts, [])]
    return {"said": material.conversation(texts, 25), "turns": [more]}


def _messages(texts: Texts, count: int) -> object:
    return [{"role": "user", "text": texts.mixed(texts.around(60))} for _ in range(count)]


def _long(texts: Texts, tokens: int) -> object:
    return [material.completion(texts, encode, tokens)]


def _answers(tokens: int) -> Inputs:
    def inputs(texts: Texts, count: int) -> object:
        return [material.completion(texts, encode, tokens) for _ in range(count)]

    return inputs


def _request(texts: Texts, turns: int) -> object:
    return chats.request(texts, turns)


def _request_grown(texts: Texts, turns: int) -> object:
    said = body = chats.request(texts, turns)
    return {"said": said, "grown": [body := chats.grown(body, texts) for _ in range(TURNS)]}


def _answer(texts: Texts, tokens: int) -> object:
    return material.completion(texts, encode, tokens)


def _of_kind(kind: str) -> Inputs:
    def inputs(texts: Texts, chars: int) -> object:
        return material.one_kind(texts, kind, 20, chars)

    return inputs


MAIN = (
    Case(
        "render",
        "render a 100-turn conversation with 10 tools, text never seen before",
        "render",
        _chat,
        100,
        contenders=(*PEERS, BARE, TEMPLATE),
    ),
    Case(
        "render grown",
        "render it again after one more turn",
        "render grown",
        _grown(material.CHAT),
        100,
        runs=1,
        each=TURNS,
    ),
    Case("render message", "render one short message", "render messages", _messages, 100, each=100),
    Case(
        "parse",
        "parse an answer of 16,000 tokens",
        "parse",
        _long,
        16_000,
        contenders=(*PEERS, BARE),
    ),
    Case("parse short", "parse an answer of 40 tokens", "parse", _answers(40), 100, each=100),
    Case(
        "stream",
        "stream answers of 500 tokens, reading delta, channel and recipient at every token",
        "stream",
        _answers(500),
        10,
        each=10,
    ),
    Case(
        "stream content",
        "stream 4,000 tokens, also reading the content so far at every token",
        "stream content",
        _long,
        4_000,
    ),
)
"""What targets speak of."""

MORE = (
    Case(
        "render long",
        "render a 100-turn conversation of longer texts, never seen before",
        "render",
        _agent,
        100,
        runs=2,
        contenders=(*PEERS, BARE, TEMPLATE),
    ),
    Case(
        "render long grown",
        "render that again after one more turn",
        "render grown",
        _grown(material.AGENT),
        100,
        runs=1,
        each=TURNS,
    ),
    Case(
        "render reread",
        "render after one more turn, every object made anew",
        "render reread",
        _grown(material.CHAT),
        100,
        runs=1,
        each=TURNS,
    ),
    Case(
        "stream long",
        "stream 4,000 tokens, reading delta, channel and recipient at every token",
        "stream",
        _long,
        4_000,
    ),
    Case(
        "parse events",
        "feed 16,000 tokens at once, an event for each",
        "parse events",
        _long,
        16_000,
        contenders=(OWN,),
    ),
)
"""What is worth knowing beside them."""

OF_OPENAI = (
    Case(
        "chat prompt",
        "a chat request of 100 turns with 10 tools, never seen before, to its prompt's tokens",
        "chat prompt",
        _request,
        100,
        contenders=(PLAIN, OPENAI, FLOOR),
    ),
    Case(
        "chat prompt grown",
        "the request that follows it, one turn longer",
        "chat prompt grown",
        _request_grown,
        100,
        runs=1,
        each=TURNS,
        contenders=(PLAIN, OPENAI),
    ),
    Case(
        "chat chunks",
        "an answer of 4,000 tokens, one by one, to chat chunks as bytes",
        "chat chunks",
        _answer,
        4_000,
        contenders=(PLAIN, OPENAI, FLOOR),
    ),
    Case(
        "responses events",
        "an answer of 4,000 tokens, one by one, to the events of Responses as bytes",
        "responses events",
        _answer,
        4_000,
        contenders=(PLAIN, OPENAI, FLOOR),
    ),
)
"""What stands between OpenAI's APIs and tokens."""

BY_KIND = tuple(
    Case(
        f"render {kind}",
        kind,
        "render",
        _of_kind(kind),
        600,
        runs=1,
        contenders=(OSS, COMPAT, OWN, BARE),
    )
    for kind in KINDS
)
"""How much the kind of text matters."""

GROWTH = (
    Case("render", "turns of a new conversation", "render", _chat, 60, runs=2),
    Case(
        "render grown",
        "turns new since the last rendering",
        "render grown",
        _grown_much,
        60,
        runs=2,
    ),
    Case("parse", "tokens of an answer", "parse", _long, 8_000, runs=2),
    Case(
        "stream",
        "tokens streamed, delta, channel and recipient read",
        "stream",
        _long,
        2_000,
        runs=2,
    ),
    Case(
        "stream content",
        "tokens streamed, the content so far read",
        "stream content",
        _long,
        2_000,
        runs=2,
    ),
)
"""What must grow no faster than its input."""


def named(cases: Iterable[Case]) -> Mapping[str, Case]:
    """Return cases by name."""
    return {case.name: case for case in cases}
