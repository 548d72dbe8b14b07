"""Where the SQL of a dataset goes: its data source, and the dialect that this one speaks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from overset.chat.analyst.datasets.description import Dataset
from overset.chat.analyst.sql.dialects import dialect_of
from overset.chat.analyst.steps import CannotError, Desk, FailedError, Script, ask, need

_MOST = 100


@dataclass(frozen=True, slots=True)
class Source:
    """A data source that may be asked: its number, the dialect, and a dataset's schema."""

    database_id: int
    dialect: str
    schema: str | None

    def run(self, desk: Desk, sql: str) -> Script[list[Mapping[str, Any]]]:
        """Return the rows of a SELECT.

        Raises:
            FailedError: the tool failed.
        """
        where = {"schema": self.schema} if self.schema else {}
        told = yield from ask(desk, "execute_sql", database_id=self.database_id, sql=sql, **where)
        rows = told.get("rows") if isinstance(told, Mapping) else None
        if not isinstance(rows, list):
            raise FailedError("The tool `execute_sql` failed: its answer could not be read.")
        return rows


def find_source(desk: Desk, dataset: Dataset) -> Script[Source]:
    """Return where a dataset's figures come from.

    Raises:
        CannotError: SQL may not be run, or not in its dialect.
        FailedError: a tool failed.
    """
    need(desk, "execute_sql")
    row = yield from _database(desk, dataset)
    dialect = dialect_of(str(row.get("backend") or "")) if row else None
    if row is None or dialect is None:
        raise CannotError(f"I do not know the SQL dialect of the database of `{dataset.name}`.")
    return Source(int(row["id"]), dialect, dataset.schema)


def _database(desk: Desk, dataset: Dataset) -> Script[Mapping[str, Any] | None]:
    if desk.has("list_databases"):
        columns = ["id", "database_name", "backend"]
        told = yield from ask(
            desk, "list_databases", select_columns=columns, page=1, page_size=_MOST
        )
        return _pick(told.get("databases") if isinstance(told, Mapping) else None, dataset)
    if dataset.database_id is None:
        return None
    found = yield from ask(desk, "get_database_info", identifier=dataset.database_id)
    return found if isinstance(found, Mapping) else None


def _pick(rows: Any, dataset: Dataset) -> Mapping[str, Any] | None:
    found: Sequence[Any] = rows if isinstance(rows, list) else ()
    for row in found:
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), int):
            continue
        if row["id"] == dataset.database_id or (
            dataset.database_id is None and row.get("database_name") == dataset.database
        ):
            return row
    return None
