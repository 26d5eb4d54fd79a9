"""How uvicorn is set up. Does not serve."""

from __future__ import annotations

import time
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from harmonium.gateway.config.settings import Settings
from harmonium.gateway.http.protocol import HttpConnection
from harmonium.gateway.observability.open_files import OpenFilesWarning

_LAST_SECONDS = 10
"""For connections to close after every answer has been told how it ends."""


_WORKER_SECONDS = 30
"""For a worker to answer its supervisor. Until it has loaded its modules it cannot, and a busy
machine needs more for that than uvicorn's 5. A worker that takes longer is killed and replaced."""


class BoundedConfig(uvicorn.Config):
    """Configuration of uvicorn: its server, with our own connections.

    Args:
        application: makes the application, in whichever process it runs.
        settings: the gateway's.

    """

    def __init__(self, application: Callable[[], ASGIApp], settings: Settings) -> None:
        super().__init__(
            application,
            factory=True,
            workers=settings.workers,
            loop="uvloop",
            http=HttpConnection,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_LAST_SECONDS,
            timeout_worker_healthcheck=_WORKER_SECONDS,
        )
        self.settings = settings
        self.open_files = OpenFilesWarning(time.monotonic)
