"""Arguments that may be left out: no `request` means `{}` where nothing in it is required."""

from collections.abc import Mapping
from typing import Any

_NAME = "request"


def fill_request(arguments: Mapping[str, Any], *, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments, with an empty `request` where the tool needs one but nothing in it.

    Args:
        arguments: what the client sent.
        schema: the tool's input schema (JSON Schema 2020-12).
    """
    wanted = _NAME in schema.get("required", ()) and _NAME not in arguments
    if wanted and not arguments and _may_be_empty(schema["properties"][_NAME], schema):
        return {_NAME: {}}
    return dict(arguments)


def _may_be_empty(part: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    if "$ref" in part:
        name = str(part["$ref"]).removeprefix("#/$defs/")
        return _may_be_empty(schema.get("$defs", {}).get(name, {"required": [name]}), schema)
    variants = part.get("anyOf") or part.get("oneOf")
    if variants:
        objects = [variant for variant in variants if variant.get("type") in {None, "object"}]
        return bool(objects) and all(_may_be_empty(variant, schema) for variant in objects)
    return part.get("type") == "object" and not part.get("required")
