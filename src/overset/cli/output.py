"""Listings: a table for people, JSON for programs."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rich.table import Table

from overset.cli.common import out


def show(items: Iterable[Any], *, columns: Mapping[str, str], as_json: bool) -> None:
    """Print items.

    Args:
        items: dataclasses or mappings.
        columns: of the table: the field's name and its heading.
        as_json: print all fields as a JSON list instead.
    """
    rows = [_as_mapping(item) for item in items]
    if as_json:
        out.print_json(json.dumps(rows, default=_plain))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, heading in columns.items():
        # What somebody copies from a table stays on one line.
        table.add_column(heading, overflow="fold", no_wrap=name.endswith("id") or name == "name")
    for row in rows:
        table.add_row(*(_text(row.get(name)) for name in columns))
    out.print(table)


def show_one(item: Any, *, as_json: bool, sentence: str) -> None:
    """Print one item as JSON, or the sentence that says what happened to it."""
    if as_json:
        out.print_json(json.dumps(_as_mapping(item), default=_plain))
    else:
        out.print(sentence)


def _as_mapping(item: Any) -> Mapping[str, Any]:
    return item if isinstance(item, Mapping) else dataclasses.asdict(item)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, list | tuple):
        return "\n".join(map(str, value))
    return str(value)
