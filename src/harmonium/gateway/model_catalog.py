"""The names of the models that one engine serves, for clients and for the engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harmonium.engines import Capabilities
from harmonium.gateway.errors import RefusedError

UNNAMED_MODEL = "gpt-oss"
"""What the model is called in lists when neither the settings nor the engine have a name."""


@dataclass(frozen=True, slots=True)
class Model:
    """The names of one model: for clients, and for the engine."""

    id: str
    engine_name: str


@dataclass(frozen=True, slots=True)
class ModelCatalog:
    """The names under which an engine's models are served.

    Args:
        name: the operator's name for the model; empty for the engine's own names.
        aliases: further names that requests may use.

    """

    name: str = ""
    aliases: tuple[str, ...] = ()

    def models(self, capabilities: Capabilities) -> tuple[Model, ...]:
        """Return the models that are served, aliases last."""
        theirs = capabilities.models
        first = theirs[0] if theirs else (self.name or UNNAMED_MODEL)
        ours: tuple[Model, ...]
        if self.name or not theirs:
            ours = (Model(self.name or first, first),)
        else:
            ours = tuple(Model(name, name) for name in theirs)
        return (*ours, *(Model(alias, ours[0].engine_name) for alias in self.aliases))

    def find(self, name: str, capabilities: Capabilities) -> Model:
        """Return the model that a request asks for.

        Raises:
            RefusedError: it is not served here.

        """
        models = self.models(capabilities)
        for model in models:
            if model.id == name:
                return model
        if not capabilities.models and not self.name:
            return Model(UNNAMED_MODEL, name)  # a client's word must not become a metric's label
        raise model_not_found(model.id for model in models)


def model_not_found(known: Iterable[str]) -> RefusedError:
    """Return the error of a model that is not served; its message names those that are."""
    message = f"this model is not served here; use one of: {', '.join(known)}"
    return RefusedError(message, 404, code="model_not_found", param="model")
