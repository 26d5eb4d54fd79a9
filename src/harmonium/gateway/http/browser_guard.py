"""Which web pages may use the gateway: Host, Origin and Sec-Fetch-Site checks, and CORS.

Theory of operation. A gateway on loopback without API keys trusts whoever can connect: programs of
this machine. A browser is such a program, and it connects on behalf of any page its user visits.
Three checks tell such requests apart:

* ``Host`` must name this machine: a page's own name that was made to resolve to it (DNS rebinding)
  is refused.
* ``Origin``, which browsers add to every request with a body and every request across origins, and
  pages cannot change, must be the gateway's own or one of ``allowed_origins``.
* ``Sec-Fetch-Site`` must not be ``cross-site`` or ``same-site`` where no listed origin is given:
  requests without an ``Origin`` (``no-cors``, images, links) have it.

A request that carries a valid API key passes the last two: a page cannot know the key, and no
browser adds it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.datastructures import Headers

from harmonium.gateway.config.settings import LOOPBACK_NAMES, Settings
from harmonium.gateway.errors import RefusedError

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::\d*)?")
_METHODS = "GET, POST, DELETE, OPTIONS"
_ALLOWED_HEADERS = "authorization, content-type, x-api-key, x-request-id, x-harmonium-repairs"
_EXPOSED_HEADERS = (
    "x-request-id, x-harmonium-repairs, x-harmonium-adapted, retry-after, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests, "
    "x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens"
)
_PREFLIGHT_SECONDS = "600"


class BrowserGuard:
    """The checks of one gateway.

    Args:
        settings: the configuration.

    """

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in settings.allowed_origins)
        hosts = frozenset(name.lower() for name in settings.allowed_hosts)
        self._hosts = hosts | (LOOPBACK_NAMES | {settings.host} if settings.is_loopback else set())

    def check_host(self, headers: Headers) -> None:
        """Check the ``Host`` header.

        Raises:
            RefusedError: it names another host.

        """
        given = headers.getlist("host")
        found = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        name = (found[1] or found[2]).lower() if found else ""
        if self._hosts and name not in self._hosts:
            message = "the Host header does not name this server; see allowed_hosts"
            raise RefusedError(message, 421, code="misdirected_request")

    def check_origin(self, headers: Headers) -> None:
        """Check that no foreign web page has sent a request without an API key.

        Raises:
            RefusedError: one has.

        """
        origin = headers.get("origin")
        if origin is None:
            is_foreign = headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        else:
            own = {f"{scheme}://{headers.get('host', '')}" for scheme in ("http", "https")}
            is_foreign = origin.lower() not in self._origins | own
        if is_foreign:
            message = "web pages of this origin may not use the gateway; see allowed_origins"
            raise RefusedError(message, 403, code="origin_not_allowed")

    def cors_headers(self, headers: Headers) -> Mapping[str, str]:
        """Return the headers that let a listed origin read an answer; empty for any other."""
        if not self._origins:
            return {}
        origin = headers.get("origin", "")
        if origin.lower() not in self._origins:
            return {"vary": "origin"}
        return {
            "access-control-allow-origin": origin,
            "access-control-expose-headers": _EXPOSED_HEADERS,
            "vary": "origin",
        }

    def preflight_headers(self, method: str, headers: Headers) -> Mapping[str, str] | None:
        """Return the further headers that answer a CORS preflight; None for any other request."""
        asked = headers.get("access-control-request-method")
        if method != "OPTIONS" or asked is None or headers.get("origin") is None:
            return None
        if headers.get("origin", "").lower() not in self._origins:
            return None
        return {
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": _ALLOWED_HEADERS,
            "access-control-max-age": _PREFLIGHT_SECONDS,
        }
