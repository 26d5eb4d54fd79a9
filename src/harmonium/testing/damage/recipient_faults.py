"""Faults of a call's recipient: its mark, its prefix, its place.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

from collections.abc import Callable

from harmonium.testing.damage.faults import fault
from harmonium.testing.damage.pieces import Draft, Piece, Turn

PREFIX = "functions."


def _has_function(turn: Turn) -> bool:
    recipient = turn.find("recipient")
    return recipient is not None and recipient.means[0].startswith(PREFIX)


def _is_marked(turn: Turn) -> bool:
    """Return whether the recipient stands behind a blank, as a word of its own."""
    recipient = turn.find("recipient")
    return recipient is not None and recipient.text.startswith(" ")


def _rewrite(draft: Draft, spell: Callable[[str], str]) -> bool:
    """Spell the recipient of a call to a declared function another way, from its bare name."""
    turn = draft.pick(_has_function)
    if turn is None:
        return False

    def change(piece: Piece) -> Piece:
        text = spell(piece.means[0].removeprefix(PREFIX))
        return piece._replace(text=text, garbled=True)

    return turn.swap("recipient", change)


@fault("the corpus: bare_tool_name")
def prefix_missing(draft: Draft) -> bool:
    """The recipient lacks functions.."""
    return _rewrite(draft, " to={}".format)


@fault("shapes of public reports: damaged_prefix")
def prefix_damaged(draft: Draft) -> bool:
    """The prefix functions. is misspelt."""
    prefix = draft.random.choice(
        ("function.", "functions:", "functions/", "functions_", "functions>", "FUNCTIONS.",
         "functions", "Functions.", "func.", "functions..", "functions.functions."),
    )  # fmt: skip
    return _rewrite(draft, lambda name: f" to={prefix}{name}")


@fault("cubist38/mlx-openai-server#51")
def namespace_invented(draft: Draft) -> bool:
    """A namespace is invented for a declared tool."""
    space = draft.random.choice(
        ("repo_browser.", "tools.", "tool.", "assistant.", "default.", "default_api.", "api/",
         "tools:", "functions.tools.", "multi_tool_use."),
    )  # fmt: skip
    return _rewrite(draft, lambda name: f" to={space}{name}")


@fault("shapes of public reports: damaged_prefix")
def mark_damaged(draft: Draft) -> bool:
    """The mark to= is misspelt."""
    spell = draft.random.choice(
        (" to functions.{}", " TO=functions.{}", " =functions.{}", " call functions.{}",
         " (functions.{})", " @functions.{}", " -> functions.{}", " to\uff1dfunctions.{}",
         " to: functions.{}", " recipient=functions.{}", " To=functions.{}", " to==functions.{}",
         " please use functions.{}"),
    )  # fmt: skip
    return _rewrite(draft, spell.format)


@fault("the corpus: bare_tool_name")
def mark_missing(draft: Draft) -> bool:
    """The recipient stands without to=."""
    return _rewrite(draft, draft.random.choice((" functions.{}", " {}")).format)


@fault()
def mark_spaced(draft: Draft) -> bool:
    """There is white space around the mark to=."""
    spell = draft.random.choice((" to = functions.{}", " to= functions.{}", " to =functions.{}"))
    return _rewrite(draft, spell.format)


@fault("the corpus: dup_to")
def mark_doubled(draft: Draft) -> bool:
    """The mark to= is there twice."""
    spell = draft.random.choice((" to=to=functions.{}", " to=functions.{0} to=functions.{0}"))
    return _rewrite(draft, spell.format)


@fault("the corpus: prose_in_header")
def recipient_signed(draft: Draft) -> bool:
    """Signs stand around the recipient."""
    spell = draft.random.choice(
        (' to="functions.{}"', " to=functions.{}:", " to=functions.{}.", " to=functions.{}()",
         " to='functions.{}'", " to=functions.{}?", " to=<functions.{}>", " to=functions.{},",
         " to=`functions.{}`"),
    )  # fmt: skip
    return _rewrite(draft, spell.format)


@fault("the corpus: lost_recipient")
def recipient_missing(draft: Draft) -> bool:
    """A call has no recipient."""
    turn = draft.pick(lambda it: it.find("recipient") and it.find("channel"))
    return turn is not None and turn.remove("recipient")


@fault("the corpus: stray_to_assistant")
def recipient_is_assistant(draft: Draft) -> bool:
    """A message to nobody is addressed to the assistant."""
    turn = draft.pick(lambda it: it.find("channel") and not it.find("recipient"))
    if turn is None:
        return False
    return turn.put(Piece("noise", " to=assistant", garbled=True), after="channel")


@fault("the corpus: bare_tool_name")
def recipient_and_assistant(draft: Draft) -> bool:
    """A call is addressed to the assistant as well."""
    turn = draft.pick(lambda it: _has_function(it) and _is_marked(it))
    if turn is None:
        return False
    return turn.put(Piece("noise", " to=assistant", garbled=True), before="recipient")


@fault("the corpus: tool_in_channel_slot")
def tool_as_channel(draft: Draft) -> bool:
    """The tool's name stands in the channel's place."""
    turn = draft.pick(lambda it: _has_function(it) and it.find("channel_token"))
    recipient = None if turn is None else turn.find("recipient")
    if turn is None or recipient is None:
        return False
    text = draft.random.choice((PREFIX, "")) + recipient.means[0].removeprefix(PREFIX)
    turn.remove("recipient", "channel")
    return turn.put(recipient._replace(text=text, garbled=True), after="channel_token")


@fault("the corpus: tool_in_role_slot")
def tool_as_role(draft: Draft) -> bool:
    """The tool's name stands in the role's place."""
    turn = draft.pick(lambda it: _has_function(it) and it.find("role"), first=1)
    recipient = None if turn is None else turn.find("recipient")
    if turn is None or recipient is None:
        return False
    turn.remove("recipient")
    name = recipient.means[0].removeprefix(PREFIX)
    return turn.swap("role", lambda _: recipient._replace(text=name, garbled=True))


@fault("the corpus: tool_in_constrain_slot")
def tool_as_type(draft: Draft) -> bool:
    """The tool's name stands behind the constrain token."""
    turn = draft.pick(lambda it: _has_function(it) and it.find("constrain"))
    recipient = None if turn is None else turn.find("recipient")
    if turn is None or recipient is None:
        return False
    turn.remove("recipient", "type")
    text = draft.random.choice((PREFIX, "")) + recipient.means[0].removeprefix(PREFIX)
    return turn.put(recipient._replace(text=text, garbled=True), after="constrain")


@fault()
def words_reordered(draft: Draft) -> bool:
    """The words of a header stand in another order."""
    turn = draft.pick(lambda it: it.find("type") and _is_marked(it))
    if turn is None:
        return False
    recipient = turn.find("recipient")
    if recipient is None:
        return False
    turn.remove("recipient")
    return turn.put(recipient._replace(garbled=True), before="message")
