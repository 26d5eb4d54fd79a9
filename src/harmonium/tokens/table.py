"""Token ids to bytes. Knows nothing of encoding text or of messages.

This is all that parsing needs: no tiktoken, no merge ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import index
from typing import NoReturn

from harmonium.errors import InvalidInputError, Position, UnknownTokenError
from harmonium.tokens.vocabulary import Vocabulary


class TokenTable(dict[int, bytes]):
    """Map every token id to its bytes; a special token's are those of its text.

    A dict that fills itself: the first ``table[id]`` cuts the token out of the vocabulary, later
    ones are plain dict hits. It never holds more than the vocabulary does. As in any dict, a key
    equal to an int (``True``, ``1.0``) finds that int's entry once it is there; `join` refuses
    them always. Safe to share between threads. ``len`` and iteration see the entries filled so
    far; use `known` to ask whether an id exists.

    Args:
        vocabulary: the ordinary tokens.
        special_tokens: text of each special token -> its id; wins over the vocabulary.

    Example:
        >>> from harmonium.tokens import load_tokenizer
        >>> load_tokenizer("o200k_harmony").table[200006]
        b'<|start|>'

    """

    __slots__ = ("_special", "_vocabulary")

    def __init__(self, vocabulary: Vocabulary, special_tokens: Mapping[str, int]) -> None:
        super().__init__((token, text.encode()) for text, token in special_tokens.items())
        self._special = frozenset(special_tokens.values())
        self._vocabulary = vocabulary

    def __missing__(self, token: object) -> bytes:
        if type(token) is not int:
            token = _as_id(token)
        found = self._vocabulary.find(token)
        if found is None:
            return dict.get(self, token) or _refuse(token)
        self[token] = found
        return found

    def known(self, token: int) -> bool:
        """Return whether the encoding has this id."""
        return token in self or self._vocabulary.find(token) is not None

    def ordinary(self, most: int) -> list[bytes | None]:
        """Return the bytes of all ordinary tokens by id, at once; None for ids that are none.

        Special tokens have a place, so that looking one up is no exception.

        Args:
            most: leave out ids from here on.

        """
        pieces = self._vocabulary.listed(most)
        special = [token for token in self._special if token < most]
        pieces += [None] * (max(special, default=0) + 1 - len(pieces))
        for token in special:
            pieces[token] = None
        return pieces

    def join(self, tokens: Iterable[int]) -> bytes:
        """Return the bytes of all tokens, joined.

        Raises:
            UnknownTokenError: an id is not in the encoding or is no integer; the position names it.
            InvalidInputError: `tokens` is no sequence of ids.

        """
        tokens = _as_list(tokens)
        if not set(map(type, tokens)) <= {int}:
            tokens = [_as_id(token, place) for place, token in enumerate(tokens)]
        try:
            return b"".join(map(self.__getitem__, tokens))
        except UnknownTokenError:
            for place, token in enumerate(tokens):
                if not self.known(token):
                    _refuse(token, place)
            raise


def _as_list(tokens: Iterable[int]) -> list[int] | tuple[int, ...]:
    if isinstance(tokens, list | tuple):
        return tokens
    if isinstance(tokens, str | bytes | bytearray | Mapping) or not isinstance(tokens, Iterable):
        message = f"token ids must be a sequence of integers, not {type(tokens).__name__}"
        raise InvalidInputError(message)
    return list(tokens)


def _as_id(token: object, place: int | None = None) -> int:
    """Turn an integer of another type (numpy's, say) into an int; a bool is no id."""
    try:
        if type(token) is not bool:
            return index(token)  # type: ignore[arg-type]  # what cannot be one raises TypeError
    except TypeError:
        pass
    message = f"a token id must be an integer, not {type(token).__name__}"
    raise UnknownTokenError(message, position=Position(token=place))


def _refuse(token: int, place: int | None = None) -> NoReturn:
    message = f"token id {token} is not in this encoding; was the text encoded with another one?"
    raise UnknownTokenError(message, position=Position(token=place))
