"""Writes docs/reference/settings.md from the settings themselves: `make docs`.

With `--check` it writes nothing and ends with 1 when the page is not current.
"""

import sys
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from overset.kernel.settings import Settings

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "settings.md"
HEAD = """\
# Settings

<!-- Made by `make docs` from `overset.kernel.settings`: change it there. -->

Every process reads these environment variables once, when it starts, and refuses to start with one
message that names each value that cannot be used. Lists are separated by commas.
"""


def page() -> str:
    """Return the whole page."""
    sections = [_section(name, field) for name, field in Settings.model_fields.items()]
    return "\n".join([HEAD, *sections])


def _section(name: str, field: FieldInfo) -> str:
    variable = f"{Settings.model_config['env_prefix']}{name}".upper()
    facts = [f"Type: {_type(field.annotation)}", *_limits(field), f"Default: {_default(field)}"]
    return f"## `{variable}`\n\n{field.description}\n\n{'. '.join(facts)}.\n"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) in {Union, UnionType}:
        return _type(next(part for part in get_args(annotation) if part is not type(None)))
    if get_origin(annotation) is tuple:
        return "list of text"
    names = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text"}
    return {**names, Path: "path", SecretStr: "text, kept secret"}[annotation]


def _limits(field: FieldInfo) -> list[str]:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limits = [
        f"{word} {getattr(limit, name)}"
        for limit in field.metadata
        for name, word in words.items()
        if getattr(limit, name, None) is not None
    ]
    return [", ".join(limits).capitalize()] if limits else []


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        value = field.get_default(call_default_factory=True, validated_data={})
        return f"`{str(value).replace(str(Path.home()), '~')}`"
    if field.default is PydanticUndefined:
        return "none, it must be set"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default}`" if field.default not in {None, "", ()} else "not set"


def main(args: list[str]) -> int:
    """Write the page, or with `--check` compare it; return the exit code."""
    if args == ["--check"]:
        current = PAGE.exists() and PAGE.read_text() == page()
        if not current:
            sys.stderr.write("docs/reference/settings.md is not current: run `make docs`\n")
        return int(not current)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
