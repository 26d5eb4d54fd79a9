"""Tokens to events to messages: a parser without I/O, strict or repairing."""

from harmonium.parse.batch import fold, parse_messages
from harmonium.parse.content import OpenMessage
from harmonium.parse.event_queue import make_message
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
from harmonium.parse.repair.deviations import DEVIATIONS
from harmonium.parse.repair.header_reader import Policy
from harmonium.parse.states import TRANSITIONS, State, TokenClass, Transition
from harmonium.parse.token_lookup import Indexed

__all__ = [
    "DEVIATIONS",
    "TRANSITIONS",
    "ContentDelta",
    "Event",
    "Indexed",
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
    "make_message",
    "parse_messages",
]
