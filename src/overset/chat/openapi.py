"""The assistant's OpenAPI document, which also tells of its streams' events and of scopes."""

from typing import Any

from fastapi import FastAPI

from overset.chat.asker import find_scopes
from overset.chat.events import EVENTS
from overset.rest import openapi

_REFERENCE = "#/components/schemas/{model}"


def document(app: FastAPI) -> None:
    """Let `app` describe its errors, its events, and the scopes that each operation needs."""
    openapi.document(app)
    describe = app.openapi
    app.openapi = lambda: _add_scopes(_add_events(describe()))  # type: ignore[method-assign]  # as FastAPI says


def _add_events(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    if "AnyEvent" not in schemas:
        event = EVENTS.json_schema(ref_template=_REFERENCE, mode="serialization")
        for name, schema in event.pop("$defs").items():
            schemas.setdefault(name, schema)
        schemas["AnyEvent"] = event
    return document


def _add_scopes(document: dict[str, Any]) -> dict[str, Any]:
    """Name them as what a bearer must carry: OpenAPI 3.1 lets any scheme say so."""
    for path in document["paths"].values():
        for method, operation in path.items():
            for requirement in operation.get("security", ()):
                needed = sorted(find_scopes(method.upper()))
                requirement.update(dict.fromkeys(requirement, needed))
    return document
