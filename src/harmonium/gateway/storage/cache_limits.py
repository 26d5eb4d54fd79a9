"""The memory that one process spends on caches for later turns of conversations.

Three caches share it: the token ids of texts, and what was read of histories, chat's and those of
Responses. Each belongs to the process, whoever serves in it.
"""

from __future__ import annotations

from harmonium.encoding import Encoding
from harmonium.openai.chat.request.history_cache import DIALOGUES as CHAT_HISTORIES
from harmonium.openai.responses.request.history_cache import DIALOGUES as RESPONSES_HISTORIES


def bound_caches(limit: int, encoding: Encoding) -> None:
    """Set the total size of the caches: half for token ids, a quarter for each kind of history.

    Caches that have that bound already keep what they hold.

    Args:
        limit: bytes; 0 keeps nothing, and every turn is read and encoded whole.
        encoding: the one whose token ids are kept.

    """
    tokens, half = encoding.tokenizer.cache, limit // 16 * 8  # which the cache can halve, and again
    if tokens.info().limit != half:
        tokens.resize(half)
    CHAT_HISTORIES.resize(limit // 4)
    RESPONSES_HISTORIES.resize(limit // 4)
