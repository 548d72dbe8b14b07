"""The assistant's OpenAPI document, which also describes the events of its streams."""

from typing import Any

from fastapi import FastAPI

from overset.chat.events import EVENTS
from overset.rest import openapi

_REFERENCE = "#/components/schemas/{model}"


def document(app: FastAPI) -> None:
    """Let `app` describe its errors and its events."""
    openapi.document(app)
    describe = app.openapi
    app.openapi = lambda: _add_events(describe())  # type: ignore[method-assign]  # as FastAPI says


def _add_events(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    if "AnyEvent" not in schemas:
        event = EVENTS.json_schema(ref_template=_REFERENCE, mode="serialization")
        for name, schema in event.pop("$defs").items():
            schemas.setdefault(name, schema)
        schemas["AnyEvent"] = event
    return document
