"""Behind a proxy, an application of the one process sees what the proxy says, and no look-alike."""

from typing import Any

import anyio
import pytest
from a2wsgi import WSGIMiddleware

from overset.cli.platform import _Dispatch
from overset.kernel.settings import load

PROXY = "10.0.0.9"


def _visit(*fields: tuple[bytes, bytes]) -> dict[str, Any]:
    """Return the WSGI environment that the pages get of a request through the proxy."""
    seen: dict[str, Any] = {}

    def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return [b""]

    settings = load(domain="example.com", trusted_proxies="10.0.0.0/8", public_scheme="https")
    other: Any = None
    app = _Dispatch(settings, manager=other, mcp=other, chat=other, pages=WSGIMiddleware(pages))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "client": (PROXY, 1),
        "headers": [(b"host", b"10.0.0.1"), *fields],
    }
    anyio.run(app, scope, _receive, _send)
    return seen


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}


async def _send(message: Any) -> None:
    del message


@pytest.mark.parametrize("name", [b"x_forwarded_host", b"x-forwarded_host", b"x_forwarded-host"])
@pytest.mark.parametrize("is_first", [True, False])
def test_row_09_an_underscore_makes_no_second_forwarded_host(name: bytes, is_first: bool) -> None:
    ours, theirs = (b"x-forwarded-host", b"acme.example.com"), (name, b"globex.example.com")

    environ = _visit(*([theirs, ours] if is_first else [ours, theirs]))

    assert environ["HTTP_X_FORWARDED_HOST"] == "acme.example.com"
    assert "globex" not in str({k: v for k, v in environ.items() if k.startswith("HTTP_")})
