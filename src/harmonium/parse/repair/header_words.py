"""The words of one header field, read when the field may be damaged.

Reading stops at the first thing that is no header word: from there on it may be content. It goes
from left to right and looks at a bounded number of characters for each word, so that a header of
any length is read in linear time. Does not decide what the words together mean.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from harmonium.parse.fields import Field, Place
from harmonium.parse.tool_names import PREFIX, ToolNames

CHANNELS = frozenset({"analysis", "commentary", "final"})
ROLES = frozenset({"assistant", "developer", "system", "tool", "user"})
TYPES = frozenset({"json", "code", "text"})
THOUGHT_CHANNELS = frozenset({"thinking", "reasoning", "thought", "thoughts", "think", "critic"})
"""Words for the analysis channel that models and other formats use (corpus: channel-thinking,
channel-thought, role-thinking). As an unknown channel their content would be shown."""
_MIME = re.compile(r"(?:application|text)/[\w.+-]{0,64}\w", re.ASCII)

Kind = Literal["role", "name", "channel", "recipient", "type", "tool", "unknown"]


class Word(NamedTuple):
    """One recognised header word: what it is, what it says, and where in the field it stands."""

    kind: Kind
    value: str
    start: int
    end: int
    garbled: bool = False


class Reading(NamedTuple):
    """The words of a field in order, and the offset behind the last one."""

    words: tuple[Word, ...]
    end: int


_LONGEST_WORD = 40
"""Letters of the longest word that is looked at, so that a run of words is read in linear time."""
SPELT_MARKER = re.compile(r"<\|(?:start|channel|constrain|message)\|>")
"""A header marker in ordinary tokens, which some servers and templates produce."""
_SPACE = re.compile(r"\s*")
# ``to=`` in all its forms: with blanks, a colon, the full-width sign, quoted, or twice.
_TO = re.compile(r"(?:(?:to|recipient)\s?[=:\uff1d]{1,2}\s?)+[\"'`(<@]?", re.IGNORECASE)
_CUT_PREFIX = re.compile(r"(?:functions?|tools?)\s?[>:/\\.\-]\s?", re.IGNORECASE)
_TOOL_WORD = re.compile(r"[\w.\-/:]{1,256}")
_KNOWN = re.compile("|".join(sorted(ROLES | CHANNELS)))
_SIGNS = re.compile(rf"[^\w\s<>{{}}\[\]\"'`/=]{{1,{_LONGEST_WORD}}}")
_TAIL = re.compile(rf"[?.:;,!…]{{1,{_LONGEST_WORD}}}")
_LETTERS = re.compile(rf"[^\W\d_]{{1,{_LONGEST_WORD}}}")
_ANY = re.compile(r"\S+")
_STRONG = re.compile(r"(?:\b(?:analysis|commentary|final)\s{1,8})?\b(?:to|recipient)\s?[=:]\s?")
_WORD_GOES_ON = "_-='\u2019"
_SHORTEST_STEM = 4
"""Letters of the shortest beginning of a channel's name that counts (``comm``; corpus:
comment-channel-text). ``com`` and ``ana`` begin too many other words."""
_SHORTEST_MISPLACED = 5
"""Letters of the shortest word that is taken for a channel where a role should be (``think``;
corpus: role-thinking): a role place holds tools' names as well, and those are often short."""
_SAFE_GLUE = 8
"""No English word begins with ``analysis`` or ``commentary`` and goes on; ``final`` has many."""


def is_known_type(word: str) -> bool:
    """Return whether `word` is a content type a model may give."""
    return word in TYPES or _MIME.fullmatch(word) is not None


def channel_like(word: str) -> str | None:
    """Return the channel that a misspelt `word` stands for (``comment``, ``analys``), or None."""
    lower = word.lower()
    if lower.startswith("analys") or lower in THOUGHT_CHANNELS:
        return "analysis"
    if len(lower) >= _SHORTEST_STEM:
        for channel in sorted(CHANNELS):
            if is_misspelling(lower, channel):
                return channel
            if channel.startswith(lower) or (lower.startswith("commentar") and channel[0] == "c"):
                return channel
    return None


def is_misspelling(word: str, right: str) -> bool:
    """Return whether one letter of `word` is wrong, missing, too many or swapped with the next.

    Example:
        >>> [is_misspelling(word, "final") for word in ("fianl", "finall", "fnal", "signal")]
        [True, True, True, False]

    """
    same = 0
    while same < min(len(word), len(right)) and word[same] == right[same]:
        same += 1
    here, there = word[same:], right[same:]
    swapped = here[1:2] + here[:1] + here[2:]
    return there in (here[1:], swapped) or here[1:] == there[1:] or here == there[1:]


class FieldReader:
    """Read one field.

    Args:
        field: what to read.
        tools: the declared tools.
        skip_unknown: whether a message token or another field follows, so that unknown words
            cannot be content: then they are passed over and reading goes on where it can.
        is_role_given: whether the role came from outside, so that the role field begins behind it.

    """

    def __init__(
        self, field: Field, tools: ToolNames, *, skip_unknown: bool, is_role_given: bool
    ) -> None:
        self._field = field
        self._text = field.text
        self._tools = tools
        self._skip_unknown = skip_unknown
        self._names_role = field.place is Place.ROLE and not is_role_given
        self._words: list[Word] = []

    def read(self) -> Reading:
        """Return the recognised words and where they end."""
        position = 0
        while True:
            start = self._after_markers(position)
            if start == len(self._text):
                return Reading(tuple(self._words), position)
            found = self._next(start)
            self._words.extend(found)
            onward = found[-1].end if found else self._pass_over(start)
            if onward is None:
                return Reading(tuple(self._words), position)
            position = onward

    def _after_markers(self, position: int) -> int:
        """Return where the next word begins; markers spelt as text part words like blanks."""
        start = self._after_space(position)
        while (spelt := SPELT_MARKER.match(self._text, start)) is not None:
            start = self._after_space(spelt.end())
        return start

    def _after_space(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return position if match is None else match.end()

    def _next(self, start: int) -> tuple[Word, ...]:
        """Return the words that begin at `start`; none when it is no header word."""
        if self._names_role and not self._words:
            named = self._named_role(start)
            if named:
                return named
        for attempt in (
            self._recipient,
            self._tool,
            self._type,
            self._known,
            self._thought,
            self._misspelt,
        ):
            word = attempt(start)
            if word is not None:
                return (word,)
        return ()

    def _pass_over(self, start: int) -> int | None:
        """Return where to read on behind words that mean nothing; None when reading ends here.

        Behind the first word only a call is worth looking for: a recipient or a declared tool
        (corpus: to-bash-quote-prose).
        """
        if not self._skip_unknown:
            return None
        first = not self._words and self._field.place is not Place.CONSTRAIN
        if first and (self._names_role or self._field.place is Place.CHANNEL):
            name, end = self._tools.read(self._text, start)
            if not name:
                match = _ANY.match(self._text, start)
                end = len(self._text) if match is None else match.end()
            self._words.append(Word("unknown", name, start, end, garbled=True))
            return end
        for match in _STRONG.finditer(self._text, start):
            name, _ = self._tools.read(self._text, match.end())
            if self._tools.recipient(name) is not None:
                return match.start()
        for match in _TOOL_WORD.finditer(self._text, start):
            name, _ = self._tools.read(self._text, match.start())
            if name not in CHANNELS | ROLES and self._tools.means_declared(name):
                return match.start()
        return None

    def _starts_content(self, end: int) -> bool:
        """Return whether arguments, or nothing, stand behind `end`: no prose."""
        begin = self._after_space(end)
        following = self._text[begin : begin + 1]
        return not following or following in "{["

    def _named_role(self, start: int) -> tuple[Word, ...]:
        match = _KNOWN.match(self._text, start)
        if (
            match is None
            or match.group() not in ROLES
            or self._text[match.end() : match.end() + 1] != ":"
        ):
            return ()
        name, end = self._tools.read(self._text, match.end() + 1)
        role = Word("role", match.group(), start, match.end(), garbled=not name)
        if not name:
            return (role._replace(end=match.end() + 1),)
        return (role, Word("name", name, match.end() + 1, end))

    def _recipient(self, start: int) -> Word | None:
        match = _TO.match(self._text, start)
        if match is None:
            return None
        begin = match.end()
        cut = None if self._text.startswith(PREFIX, begin) else _CUT_PREFIX.match(self._text, begin)
        if cut is not None and self._tools.is_declared(self._tools.read(self._text, cut.end())[0]):
            begin = cut.end()
        name, end = self._tools.read(self._text, begin)
        after = _TAIL.match(self._text, end)
        whole = self._text[match.end() : end] in {name, PREFIX + name}
        garbled = match.group() != "to=" or after is not None or not name or not whole
        return Word("recipient", name, start, end if after is None else after.end(), garbled)

    def _tool(self, start: int) -> Word | None:
        name, end = self._tools.read(self._text, start)
        if not name or name in ROLES | CHANNELS or is_known_type(name):
            return None
        if self._tools.recipient(name) is None:
            return None
        after = _TAIL.match(self._text, end)
        if not (self._skip_unknown or self._starts_content(end)):
            return None
        return Word("tool", name, start, end if after is None else after.end(), after is not None)

    def _type(self, start: int) -> Word | None:
        match = _MIME.match(self._text, start) or _LETTERS.match(self._text, start)
        if match is None or not is_known_type(match.group().lower()):
            return None
        following = self._text[match.end() : match.end() + 1]
        if following and following in _WORD_GOES_ON:
            return None
        loose = not self._skip_unknown and self._field.place is not Place.CONSTRAIN
        if loose and following.isspace() and not self._starts_content(match.end()):
            return None
        after = _TAIL.match(self._text, match.end())
        if loose and after is not None and not match.group().islower():
            return None  # ``analysisText.`` is prose
        garbled = after is not None or not match.group().islower()
        end = match.end() if after is None else after.end()
        return Word("type", match.group().lower(), start, end, garbled)

    def _known(self, start: int) -> Word | None:
        signs = _SIGNS.match(self._text, start)
        begin = start if signs is None else signs.end()
        match = _KNOWN.match(self._text, begin)
        if match is None or not self._ends_word(match.end()):
            return None
        after = _TAIL.match(self._text, match.end())
        end = match.end() if after is None else after.end()
        glued = end < len(self._text) and not self._text[end].isspace()
        garbled = signs is not None or after is not None or (glued and self._skip_unknown)
        kind: Kind = "role" if match.group() in ROLES else "channel"
        return Word(kind, match.group(), start, end, garbled)

    def _ends_word(self, end: int) -> bool:
        """Return whether a known word may end here, run together with what follows or not."""
        following = self._text[end : end + 1]
        if not following or following.isspace():
            return True
        if _KNOWN.match(self._text, end) or _TO.match(self._text, end):
            return True
        if (
            self._field.place is Place.CHANNEL
            and self._field.token_ends_at(end)
            and not self._words
        ):
            return following not in _WORD_GOES_ON
        glued = not self._skip_unknown and end >= _SAFE_GLUE
        if glued and self._text[:end].endswith(("analysis", "commentary")):
            return following not in _WORD_GOES_ON
        if following == ".":
            return not self._text[end + 1 : end + 2].islower()
        return not (following.islower() or following in _WORD_GOES_ON + "/")

    def _thought(self, start: int) -> Word | None:
        """Return another word for a channel in the role place: ``assistant thinking``."""
        if self._field.place is not Place.ROLE or not self._skip_unknown:
            return None
        match = _LETTERS.match(self._text, start)
        word = "" if match is None else match.group()
        channel = channel_like(word) if len(word) >= _SHORTEST_MISPLACED else None
        if match is None or channel is None:
            return None
        return Word("channel", channel, start, match.end(), garbled=True)

    def _misspelt(self, start: int) -> Word | None:
        if self._field.place is not Place.CHANNEL or self._words:
            return None
        match = _LETTERS.match(self._text, start)
        channel = None if match is None else channel_like(match.group())
        if (
            match is None
            or channel is None
            or not (self._skip_unknown or self._stands(match.end()))
        ):
            return None
        after = _TAIL.match(self._text, match.end())
        return Word(
            "channel", channel, start, match.end() if after is None else after.end(), garbled=True
        )

    def _stands(self, end: int) -> bool:
        return end == len(self._text) or not self._text[end].isalnum()
