"""What every prompt of a model says: the date, the identity, the reasoning effort."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from harmonium.gateway.config.settings import Settings
from harmonium.model import DEFAULT_IDENTITY, ReasoningEffort
from harmonium.openai import PromptSettings


class PromptDefaults:
    """The prompt settings of one model, which change once a day.

    Args:
        settings: the configuration of the model.
        now: seconds since the epoch.

    """

    def __init__(self, settings: Settings, now: Callable[[], float]) -> None:
        self._settings = settings
        self._now = now
        self._minute = -1.0
        self._current = PromptSettings()

    def current(self) -> PromptSettings:
        """Return the settings of the present day.

        They keep the system messages made from them, so the same object is returned as long as it
        is true: the date is looked up once a minute, since a day begins with a minute in any zone.
        """
        now = self._now()
        if now // 60 != self._minute:
            self._minute = now // 60
            self._refresh(now)
        return self._current

    def _refresh(self, now: float) -> None:
        settings = self._settings
        today = dt.datetime.fromtimestamp(now).astimezone().date().isoformat()
        dates = {"today": today, "none": None}
        found = PromptSettings(
            today=dates.get(settings.date, settings.date),
            identity=settings.identity or DEFAULT_IDENTITY,
            effort=ReasoningEffort(settings.effort),
        )
        if found != self._current:
            self._current = found
