"""Responses of a whole JSON body."""

from __future__ import annotations

import json

from starlette.responses import Response


def json_response(body: object) -> Response:
    """Build the response of a JSON value, in ASCII."""
    data = json.dumps(body, separators=(",", ":")).encode("ascii")
    return Response(data, media_type="application/json")
