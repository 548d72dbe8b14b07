"""Writes widget/src/events.ts from the JSON schema of the assistant's events: `make docs`.

With `--check` it writes nothing and ends with 1 when the file is not current.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from overset.chat.events import EVENTS

FILE = Path(__file__).resolve().parent.parent / "widget" / "src" / "events.ts"
HEAD = """\
/** What a turn tells: made by `make docs` from `overset.chat.events`, change it there. */
"""
_TYPES = {
    "boolean": "boolean",
    "integer": "number",
    "null": "null",
    "number": "number",
    "string": "string",
}


def source() -> str:
    """Return the whole file."""
    # As it is written: what has a default is there nevertheless.
    schema = EVENTS.json_schema(mode="serialization")
    definitions = schema["$defs"]
    events = sorted(_name(one["$ref"]) for one in schema["oneOf"])
    union = "export type AnyEvent =\n  | " + "\n  | ".join(events) + ";\n"
    return "\n".join(
        [HEAD, *(_declaration(name, definitions[name]) for name in sorted(definitions)), union]
    )


def _declaration(name: str, schema: dict[str, Any]) -> str:
    comment = _comment(schema, indent="")
    if "enum" in schema:
        return f"{comment}export type {name} = {_type(schema)};\n"
    fields = [
        f"{_comment(field, indent='  ')}  {key}: {_type(field)};\n"
        for key, field in schema["properties"].items()
    ]
    return f"{comment}export interface {name} {{\n{''.join(fields)}}}\n"


def _comment(schema: dict[str, Any], *, indent: str) -> str:
    text = schema.get("description", "").replace("\n", " ")
    return f"{indent}/** {text} */\n" if text else ""


def _type(schema: dict[str, Any]) -> str:
    """Return the type that a schema describes, by the first of `_WORDS` that it uses."""
    words = (read for word, read in _WORDS.items() if word in schema)
    return next(words, lambda _: "unknown")(schema)


def _one_type(schema: dict[str, Any]) -> str:
    if schema["type"] == "array":
        return f"readonly {_element(schema['items'])}[]"
    if schema["type"] == "object":
        return "Readonly<Record<string, unknown>>"
    return _TYPES[schema["type"]]


def _element(schema: dict[str, Any]) -> str:
    made = _type(schema)
    return f"({made})" if " " in made else made


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "$ref": lambda schema: _name(schema["$ref"]),
    "const": lambda schema: f'"{schema["const"]}"',
    "enum": lambda schema: " | ".join(f'"{value}"' for value in schema["enum"]),
    "anyOf": lambda schema: " | ".join(_type(one) for one in schema["anyOf"]),
    "type": _one_type,
}


def main(args: list[str]) -> int:
    """Write the file, or with `--check` compare it; return the exit code."""
    if args == ["--check"]:
        current = FILE.exists() and FILE.read_text() == source()
        if not current:
            sys.stderr.write("widget/src/events.ts is not current: run `make docs`\n")
        return int(not current)
    FILE.write_text(source())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
