"""Whether this process lives, and whether it may be sent requests; at every host."""

from http import HTTPStatus

from flask import json
from werkzeug.wrappers import Response

from overset.web.control_plane import ControlPlane

PROBES = frozenset({"/health/live", "/health/ready"})


def probe(path: str, control_plane: ControlPlane) -> Response:
    """Return the answer to one of `PROBES`: ready is who hears what changes at the manager."""
    fine = path == "/health/live" or control_plane.feed.healthy
    status = HTTPStatus.OK if fine else HTTPStatus.SERVICE_UNAVAILABLE
    body = json.dumps({"status": "ok" if fine else "unavailable"})
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(body, status, headers)
