"""Tokens to events to messages: a parser without I/O, strict or repairing."""

from harmonium.parse.content import OpenMessage
from harmonium.parse.deviations import DEVIATIONS
from harmonium.parse.events import (
    ContentDelta,
    Event,
    MessageEnded,
    MessageStarted,
    Repaired,
    Span,
    Stop,
)
from harmonium.parse.lexicon import Lexicon
from harmonium.parse.parser import Parser
from harmonium.parse.reading import Policy
from harmonium.parse.states import TRANSITIONS, State, TokenClass, Transition
from harmonium.parse.whole import fold, parse_messages

__all__ = [
    "DEVIATIONS",
    "TRANSITIONS",
    "ContentDelta",
    "Event",
    "Lexicon",
    "MessageEnded",
    "MessageStarted",
    "OpenMessage",
    "Parser",
    "Policy",
    "Repaired",
    "Span",
    "State",
    "Stop",
    "TokenClass",
    "Transition",
    "fold",
    "parse_messages",
]
