"""Faults of the words in a header: misplaced, misspelt, glued, repeated.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from harmonium.testing.damage.faults import fault
from harmonium.testing.damage.pieces import Draft, Part, Piece, token

SYNONYMS = {
    "analysis": (("thinking", "reasoning", "thought", "think", "critic"), ("analysis",)),
    "commentary": (("comment", "preamble", "tool", "action"), ("commentary",)),
    "final": (("answer", "response", "output", "summary"), ("commentary", "final")),
}


@fault("the corpus: channel_in_role_slot")
def channel_as_role(draft: Draft) -> bool:
    """The channel's name stands in the role's place."""
    turn = draft.pick(lambda it: it.find("role") and it.find("channel_token"), first=1)
    return turn is not None and turn.remove("role", "channel_token")


@fault("the corpus: constrain_channel")
def channel_as_type(draft: Draft) -> bool:
    """Another channel's name stands behind a constrain token."""
    turn = draft.pick(lambda it: it.find("channel") and it.find("message"))
    if turn is None:
        return False
    if turn.find("constrain"):
        return turn.put(Piece("noise", "commentary ", garbled=True), after="constrain")
    for piece in (token("constrain", "constrain"), Piece("noise", "commentary", garbled=True)):
        turn.put(piece, before="message")
    return True


@fault("the corpus: dup_channel")
def channel_before(draft: Draft) -> bool:
    """An earlier channel stands before the last one."""
    turn = draft.pick(lambda it: it.find("channel_token"))
    if turn is None:
        return False
    word = draft.random.choice(("analysis", "commentary", "final"))
    first = Piece("channel", word, means=(word,), garbled=True)
    return turn.put(token("noise", "channel"), before="channel_token") and turn.put(
        first, before="channel_token"
    )


@fault("the corpus: dup_channel")
def channel_doubled(draft: Draft) -> bool:
    """The channel is named twice."""
    turn = draft.pick(lambda it: it.find("channel"))
    channel = None if turn is None else turn.find("channel")
    if turn is None or channel is None:
        return False
    word = channel.text
    text = draft.random.choice((f"{word}{word}", f"{word} {word}", f"{word}?{word}?"))
    return turn.swap("channel", lambda it: it._replace(text=text, garbled=True))


@fault("the corpus: dup_role")
def role_doubled(draft: Draft) -> bool:
    """The role is named twice."""
    text = draft.random.choice(("assistantassistant", "assistant assistant"))
    return _role(draft, text)


@fault()
def role_synonym(draft: Draft) -> bool:
    """The role is called by another name."""
    return _role(draft, draft.random.choice(("model", "ai", "bot", "gpt", "chatgpt", "agent")))


@fault()
def role_misspelt(draft: Draft) -> bool:
    """The role is misspelt."""
    wild = (
        "Assistant",
        "ASSISTANT",
        "assistan",
        "asistant",
        "assisstant",
        "assistant:",
        " assistant",
    )
    return _role(draft, draft.random.choice(wild))


def _role(draft: Draft, text: str) -> bool:
    turn = draft.pick(lambda it: it.find("role"), first=1)
    if turn is None:
        return False
    return turn.swap("role", lambda it: it._replace(text=text, garbled=True))


def _channel(draft: Draft, spell: Callable[[str], str]) -> bool:
    turn = draft.pick(lambda it: it.find("channel"))
    if turn is None:
        return False
    return turn.swap("channel", lambda it: it._replace(text=spell(it.text), garbled=True))


@fault()
def channel_capitals(draft: Draft) -> bool:
    """The channel's name is in capitals."""
    return _channel(draft, draft.random.choice((str.upper, str.capitalize)))


@fault("the corpus: garbled_channel")
def channel_misspelt(draft: Draft) -> bool:
    """The channel's name is misspelt by a letter."""
    return _channel(draft, lambda word: _misspell(word, draft.random))


def _misspell(word: str, chance: random.Random) -> str:
    """Drop, double or swap one letter behind the second; leave short words as they are."""
    if len(word) < len("final"):
        return word
    at = chance.randrange(2, len(word) - 1)
    match chance.choice(("drop", "double", "swap")):
        case "drop":
            return word[:at] + word[at + 1 :]
        case "double":
            return word[:at] + word[at] + word[at:]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


@fault("the corpus: garbled_channel")
def channel_signed(draft: Draft) -> bool:
    """Signs stand around the channel's name."""
    shape = draft.random.choice(("{}?", "{}:", "\u2013{}", "{},", "\u2013\u2013{}", "{}!", "*{}*"))
    return _channel(draft, shape.format)


@fault("shapes of public reports: unknown_channel")
def channel_synonym(draft: Draft) -> bool:
    """The channel is called by a word of like meaning."""
    turn = draft.pick(lambda it: it.find("channel"))
    channel = None if turn is None else turn.find("channel")
    if turn is None or channel is None or channel.text not in SYNONYMS:
        return False
    wild, means = SYNONYMS[channel.text]
    word = draft.random.choice(wild)
    return turn.swap("channel", lambda it: it._replace(text=word, means=means, garbled=True))


@fault("the corpus: unknown_channel")
def channel_unknown(draft: Draft) -> bool:
    """The channel's name means nothing."""
    word = draft.random.choice(("misc", "xyz", "stdout", "reply2user", "channel"))
    turn = draft.pick(lambda it: it.find("channel"))
    channel = None if turn is None else turn.find("channel")
    if turn is None or channel is None:
        return False
    means = ("commentary", *channel.means)
    return turn.swap("channel", lambda it: it._replace(text=word, means=means, garbled=True))


@fault()
def words_glued(draft: Draft) -> bool:
    """The words of a header run together."""
    turn = draft.pick(lambda it: not it.find("noise") and any(map(_is_spaced, it.head)))
    if turn is None:
        return False
    sign = draft.random.choice(("", "", ","))
    turn.head[:] = [
        piece._replace(text=sign + piece.text.lstrip(), garbled=True)
        if _is_spaced(piece)
        else piece
        for piece in turn.head
    ]
    return True


def _is_spaced(piece: Piece) -> bool:
    return piece.part in {"recipient", "type"} and bool(re.match(" [^ ]", piece.text))


@fault()
def words_spaced(draft: Draft) -> bool:
    """There is white space where none belongs."""
    turn = draft.pick(lambda it: it.find("channel"))
    if turn is None:
        return False
    shape = draft.random.choice((" {}", "{} ", "{}\n", "\n{}", "  {}  ", "\t{}"))
    part: Part = "role" if turn.find("role") and draft.random.random() < 0.3 else "channel"  # noqa: PLR2004
    return turn.swap(part, lambda it: it._replace(text=shape.format(it.text), garbled=True))


@fault("the corpus: extra_words")
def words_extra(draft: Draft) -> bool:
    """A header has words that mean nothing."""
    turn = draft.pick(lambda it: it.find("message") and it.find("channel"))
    if turn is None:
        return False
    wild = (" code", " for the user", " # now the call", " (internal)", ' "quoted words"', " v1")
    return turn.put(Piece("noise", draft.random.choice(wild), garbled=True), before="message")


@fault("the corpus: constrain_word")
def type_unknown(draft: Draft) -> bool:
    """The content type is not known."""
    turn = draft.pick(lambda it: it.find("type") and it.find("message"))
    word = draft.random.choice(("JSON", "jsonl", "answer", "response", "yaml", "Json"))
    if turn is None:
        return False
    return turn.swap("type", lambda it: it._replace(text=_blank(it.text) + word, garbled=True))


def _blank(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


@fault()
def type_doubled(draft: Draft) -> bool:
    """The content type is there twice."""
    turn = draft.pick(lambda it: it.find("type") and it.find("message"))
    if turn is None:
        return False
    more = draft.random.choice(((Piece("noise", " json", garbled=True),), _typed()))
    for piece in more:
        turn.put(piece, before="message")
    return True


def _typed() -> tuple[Piece, ...]:
    return (token("noise", "constrain"), Piece("noise", "json", garbled=True))
