"""The list of models under ``/v1/models``. Knows nothing of what else a server offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from harmonium.engines.remote.payload import Count, read_value


class JSONSource(Protocol):
    """A server that answers small questions: what a dialect needs of a connection."""

    async def get(self, path: str) -> object:
        """Return the JSON at a path; None where the server has no such path.

        Raises:
            EngineError: it cannot be reached, refuses, or answers no JSON.

        """
        ...


class _ModelMeta(msgspec.Struct, gc=False):
    n_ctx: Count | None = None


class ModelEntry(msgspec.Struct, gc=False):
    """One model; its context has one of two names."""

    id: str = ""
    max_model_len: Count | None = None
    meta: _ModelMeta | None = None

    @property
    def context(self) -> int | None:
        """Tokens of prompt and completion together; None where the server does not say."""
        return self.max_model_len or (self.meta and self.meta.n_ctx) or None


class _ModelList(msgspec.Struct, gc=False):
    data: list[ModelEntry] | None = None


async def list_models(server: JSONSource) -> Sequence[ModelEntry]:
    """Return the entries of ``/v1/models``; none where there is no such list.

    Raises:
        EngineError: the server cannot be asked, or the list makes no sense.

    """
    answer = await server.get("/v1/models")
    if not isinstance(answer, dict):
        return ()
    return [model for model in read_value(answer, _ModelList).data or () if model.id]


def smallest_context(models: Sequence[ModelEntry]) -> int | None:
    """Return the smallest context that a model of the list has; None where none is known."""
    return min((model.context for model in models if model.context), default=None)
