"""Superset's tools as the offline analyst calls them, over tables of SQLite in memory."""

import fnmatch
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from overset.chat.analyst.chat_model import OfflineAnalyst

_PAGE = 100


@dataclass(slots=True)
class Played:
    """A workspace of tables, each of which is a dataset; the newest is listed first."""

    rows: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    names: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def make(self, name: str, columns: Mapping[str, str], *rows: Sequence[object]) -> None:
        """Make a dataset of columns with their types, and its rows."""
        told = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        self.rows.execute(f'CREATE TABLE "{name}" ({told})')
        marks = ", ".join("?" * len(columns))
        self.rows.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
        self.names.append(name)

    def say(self, *texts: str, page: Mapping[str, Any] | None = None) -> str:
        """Have a conversation, and return the last answer; `asked` is what the last text took."""
        messages: list[AnyMessage] = []
        for text in texts:
            self.asked.clear()
            told = {"page": page} if page is not None else {}
            messages.append(HumanMessage(text, additional_kwargs=told))
            messages.append(self._answer(messages))
        return str(messages[-1].text)

    def sql(self) -> str:
        """Return the last SELECT that the analyst asked for."""
        return [given["sql"] for tool, given in self.asked if tool == "execute_sql"][-1]

    def _answer(self, messages: list[AnyMessage]) -> AIMessage:
        tools: dict[str, Callable[..., Any]] = {
            "list_datasets": self._list,
            "get_dataset_info": self._describe,
            "list_databases": lambda **_: {
                "databases": [{"id": 1, "database_name": "d", "backend": "sqlite"}]
            },
            "execute_sql": self._run,
        }
        model = OfflineAnalyst(now=lambda: datetime(2026, 5, 4, tzinfo=UTC)).bind(
            tools=[{"type": "function", "function": {"name": name}} for name in tools]
        )
        while True:
            message = model.invoke(messages)
            assert isinstance(message, AIMessage)
            if not message.tool_calls:
                return message
            messages.append(message)
            for call in message.tool_calls:
                given = call["args"]["request"]
                self.asked.append((call["name"], given))
                told = json.dumps(tools[call["name"]](**given))
                messages.append(ToolMessage(told, tool_call_id=call["id"]))

    def _list(
        self, *, page: int = 1, page_size: int, filters: Sequence[Mapping[str, str]] = ()
    ) -> dict[str, Any]:
        kept = [
            {"id": number, "table_name": name}
            for number, name in enumerate(self.names, 1)
            if all(_is_like(name, one) for one in filters)
        ][::-1]
        first = (page - 1) * page_size
        assert page_size <= _PAGE
        return {"datasets": kept[first : first + page_size], "total_count": len(kept)}

    def _describe(self, *, identifier: int) -> dict[str, Any]:
        name = self.names[identifier - 1]
        found = self.rows.execute(f'PRAGMA table_info("{name}")').fetchall()
        columns = [{"column_name": one[1], "type": one[2]} for one in found]
        return {"id": identifier, "table_name": name, "database_id": 1, "columns": columns}

    def _run(self, *, sql: str, database_id: int) -> dict[str, Any]:
        assert database_id == 1
        found = self.rows.execute(sql)
        names = [one[0] for one in found.description]
        return {"rows": [dict(zip(names, row, strict=True)) for row in found]}


def _is_like(name: str, told: Mapping[str, str]) -> bool:
    assert (told["col"], told["opr"]) == ("table_name", "ilike")
    pattern = told["value"].lower().replace("%", "*").replace("_", "?")
    return fnmatch.fnmatchcase(name.lower(), f"*{pattern}*")
