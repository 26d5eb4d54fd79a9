"""The corpus of malformed model outputs. Does not know how a parser repairs them.

The outputs were collected from public bug reports of gpt-oss servers and clients. ``fidelity``
says how much of a case is the model's own: ``verbatim`` (the whole output as reported),
``header-verbatim`` (the header as reported, its content shortened), ``reconstructed`` (made from
a description of the fault) or ``synthetic`` (the fault applied to words of our own).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Literal, Self

from harmonium.model import Message

Fidelity = Literal["verbatim", "header-verbatim", "reconstructed", "synthetic"]


@dataclass(frozen=True, slots=True)
class Recovered:
    """What must be recovered of one message: channel, recipient, text.

    Example:
        >>> Recovered.of(Message.assistant("4", channel="final"))
        Recovered(channel='final', recipient=None, text='4')

    """

    channel: str | None
    recipient: str | None
    text: str

    @classmethod
    def of(cls, message: Message) -> Self:
        """Build from a parsed message."""
        return cls(message.channel, message.recipient, message.text)

    @classmethod
    def of_all(cls, messages: Iterable[Message]) -> tuple[Self, ...]:
        """Build from every message, to compare with ``MalformedCase.recovery``."""
        return tuple(cls.of(message) for message in messages)


@dataclass(frozen=True, slots=True)
class MalformedCase:
    """One malformed output and what a good parser recovers from it.

    Args:
        id: a name for the case, unique in the corpus.
        category: the kind of fault, such as ``missing_message``.
        fidelity: how much of the text is the model's own.
        text: the output, special tokens by name: encode it with all special tokens allowed.
        tools: the names of the tools the request had declared.
        recovery: the messages that must come back, in order.

    """

    id: str
    category: str
    fidelity: Fidelity
    text: str
    tools: tuple[str, ...]
    recovery: tuple[Recovered, ...]

    @property
    def role(self) -> Literal["assistant"] | None:
        """Who is known to speak first: the assistant, or None where the text is a whole stream."""
        return None if self.text.startswith("<|start|>") else "assistant"


@cache
def malformed_cases() -> tuple[MalformedCase, ...]:
    """Return the corpus: 69 malformed outputs, each with the recovery it should have.

    Example:
        >>> len(malformed_cases())
        69

    """
    source = resources.files("harmonium.testing").joinpath("data", "malformed.jsonl")
    return tuple(_read(line) for line in source.read_text("utf-8").splitlines())


def _read(line: str) -> MalformedCase:
    fields = json.loads(line)
    recovery = tuple(Recovered(**message) for message in fields.pop("recovery"))
    return MalformedCase(**fields | {"tools": tuple(fields["tools"]), "recovery": recovery})
