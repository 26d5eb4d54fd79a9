"""The way from text back to token ids, as text comes in, and the check of a prompt as text.

Knows nothing of servers.

Theory of operation. The ids must be those that encoding the whole text at once would give, with
special tokens allowed, however the text is cut. Encoding splits text into pieces first; no token
spans two pieces; so text can be encoded up to any place where a piece is sure to end (`_SAFE_CUT`),
and up to any special token that is complete. What is behind is held back. A text without such a
place (a long number, a script without blanks) is held back whole, so what was searched once must
not be searched again: only a window of the last characters is, long enough for a special token that
has begun. The rest waits in a list. So each character costs the same, however long the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harmonium.errors import EngineProtocolError, InvalidInputError, Position
from harmonium.tokens import HARMONY_FORMAT, Tokenizer, load_tokenizer

_SPECIAL = re.compile(r"<\|[a-z_0-9]+\|>")
_BEGUN_SPECIAL = re.compile(r"<(?:\|(?:[a-z_0-9]{0,40}\|?)?)?\Z")
_WINDOW = 64
"""Characters that are searched again with the next text: more than any special token has."""

_SAFE_CUT = re.compile(
    # Behind a letter or digit, before a blank or a sign other than an apostrophe: every piece of
    # the split pattern ends there, whatever follows.
    r"[^\W_](?=[\s!-&(-/:-@\[-`{-~\u3001\u3002\uff01\uff0c\uff1f])"
)


class TextToIds:
    """An encoder of text that comes in pieces; ids are returned once no later text can change them.

    Args:
        limit: characters that may be held back.
        tokenizer: the model's; o200k_harmony's when None.

    Example:
        >>> coder = TextToIds(1000)
        >>> coder.feed("<|channel|>final<|mess") + coder.feed("age|>Hello wor") + coder.end("ld")
        [200005, 17196, 200008, 13225, 2375]

    """

    def __init__(self, limit: int, tokenizer: Tokenizer | None = None) -> None:
        self._limit = limit
        self._tokenizer = tokenizer or load_tokenizer()
        self._searched: list[str] = []
        self._searched_size = 0
        self._window = ""

    def feed(self, text: str) -> list[int]:
        """Process some text and return the ids that are now certain.

        Raises:
            EngineProtocolError: more than the limit is held back.

        """
        self._window += text
        found: list[int] = []
        begun = None
        if "<" in self._window:
            found = self._take_specials()
            begun = _BEGUN_SPECIAL.search(self._window)
        window = self._window
        end = len(window) if begun is None else begun.start() + 1
        cut = max((match.end() for match in _SAFE_CUT.finditer(window, 0, end)), default=0)
        if cut:
            found += self._encode(window[:cut])
            self._window = window[cut:]
        self._hold()
        return found

    def end(self, text: str = "") -> list[int]:
        """Process the last text and return the ids of all that was held back."""
        self._window += text
        found = self._take_specials() + self._encode(self._window)
        self._window = ""
        return found

    def _take_specials(self) -> list[int]:
        """Encode up to the last special token that is complete."""
        found: list[int] = []
        done = 0
        for match in _SPECIAL.finditer(self._window):
            special = self._tokenizer.special_tokens.get(match.group())
            if special is not None:
                found += self._encode(self._window[done : match.start()])
                found.append(special)
                done = match.end()
        self._window = self._window[done:]
        return found

    def _encode(self, text: str) -> list[int]:
        """Encode what was searched before, and some text behind it."""
        if self._searched:
            text = "".join([*self._searched, text])
            self._searched, self._searched_size = [], 0
        return self._tokenizer.encode_ordinary(text)

    def _hold(self) -> None:
        """Move all but the window's last characters out of it; half of it at least, so seldom."""
        if len(self._window) >= 2 * _WINDOW:
            self._searched.append(self._window[:-_WINDOW])
            self._searched_size += len(self._window) - _WINDOW
            self._window = self._window[-_WINDOW:]
        if self._searched_size + len(self._window) > self._limit:
            message = (
                f"the engine sent more than {self._limit} characters without a place to divide them"
            )
            raise EngineProtocolError(message)


def stop_strings(tokenizer: Tokenizer) -> list[str]:
    """Return the texts of the tokens at which a model has to stop."""
    form = tokenizer.format or HARMONY_FORMAT
    return [tokenizer.decode([token]) for token in (form.return_, form.call)]


def prompt_text(prompt: Sequence[int], tokenizer: Tokenizer | None = None) -> str:
    """Return a prompt as text that a server reads back with the same special tokens, or refuse.

    Raises:
        InvalidInputError: the prompt's plain text spells special tokens, which a server that takes
            text would read as such (``prompt_spells_special``).

    """
    tokenizer = tokenizer or load_tokenizer()
    text = tokenizer.decode(prompt)
    meant = [token for token in prompt if tokenizer.is_special_token(token)]
    read = [tokenizer.special_tokens.get(match.group()) for match in _SPECIAL.finditer(text)]
    if [token for token in read if token is not None] != meant:
        message = (
            "the prompt's text spells special tokens, and this engine takes text, where they would "
            "become real; use an engine that takes token ids"
        )
        raise InvalidInputError(
            message, code="prompt_spells_special", position=Position(path="prompt")
        )
    return text
