"""Own how a server's list of models is read; know nothing of what else a server can do."""

from __future__ import annotations

from harmonium.engines.remote.dialect import Asker
from harmonium.engines.remote.json_fields import (
    Json,
    count_in,
    list_in,
    object_in,
    objects,
    text_in,
)


async def list_models(server: Asker) -> list[Json]:
    """Give the entries of ``/v1/models``; none where there is no such list.

    Raises:
        EngineError: the server cannot be asked, or the list makes no sense.

    """
    answer = await server.get("/v1/models")
    if not isinstance(answer, dict):
        return []
    return objects(list_in(answer, "data"), "a model")


def names_of(models: list[Json]) -> tuple[str, ...]:
    """Give the models' names."""
    return tuple(text_in(model, "id") for model in models)


def context_of(models: list[Json]) -> int | None:
    """Give the smallest context a model tells, under either of the names in use."""
    told = [count_in(model, "max_model_len") for model in models]
    told += [count_in(object_in(model, "meta"), "n_ctx") for model in models]
    return min((size for size in told if size), default=None)
