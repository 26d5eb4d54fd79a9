"""The model list of a server. Knows nothing of its other capabilities."""

from __future__ import annotations

from harmonium.engines.remote.dialect import Asker
from harmonium.engines.remote.json_fields import get_count, get_object, get_str, list_in, objects
from harmonium.json_types import JSONMapping


async def list_models(server: Asker) -> list[JSONMapping]:
    """Return the entries of ``/v1/models``; none where there is no such list.

    Raises:
        EngineError: the server cannot be asked, or the list makes no sense.

    """
    answer = await server.get("/v1/models")
    if not isinstance(answer, dict):
        return []
    return objects(list_in(answer, "data"), "a model")


def names_of(models: list[JSONMapping]) -> tuple[str, ...]:
    """Return the models' names."""
    return tuple(get_str(model, "id") for model in models)


def context_of(models: list[JSONMapping]) -> int | None:
    """Return the smallest context a model tells, under either of the names in use."""
    told = [get_count(model, "max_model_len") for model in models]
    told += [get_count(get_object(model, "meta"), "n_ctx") for model in models]
    return min((size for size in told if size), default=None)
