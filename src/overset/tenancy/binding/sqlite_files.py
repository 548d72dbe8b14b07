"""SQLite data sources: one file, read only, inside the workspace's own data folder.

SQL can open other files by itself (`ATTACH`, `VACUUM INTO`), and Superset does not count that as
writing. An authorizer, which SQLite asks while it compiles a statement, refuses all but reading.
"""

import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from sqlalchemy.engine.url import URL

_READING = frozenset(
    {
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_RECURSIVE,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_SAVEPOINT,
    }
)
_READING_PRAGMAS = frozenset(
    {
        "database_list",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "read_uncommitted",  # SQLAlchemy asks for the isolation level; set, it changes no data
        "table_info",
        "table_list",
        "table_xinfo",
    }
)
_OPENING_FUNCTIONS = frozenset(
    {"edit", "fts3_tokenizer", "load_extension", "readfile", "writefile"}
)


def authorize(
    action: int, first: str | None, second: str | None, database: str | None, trigger: str | None
) -> int:
    """Answer SQLite whether a statement may do `action` (sqlite3_set_authorizer)."""
    del database, trigger
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _OPENING_FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _READING_PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


class ReadingConnection(sqlite3.Connection):
    """A SQLite connection that only reads the file that it was opened on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_authorizer(authorize)


def find_file(url: URL) -> Path | None:
    """Return the file that a SQLite URL names, links resolved; None for a database in memory."""
    name = url.database or ""
    if name.startswith("file:"):
        name = unquote(urlsplit(name).path)
    if name in {"", ":memory:"} or url.query.get("mode") == "memory":
        return None
    return Path(name).resolve()


def is_own_file(url: URL, *, folder: Path) -> bool:
    """Say whether a SQLite URL names a file inside `folder`."""
    file = find_file(url)
    return file is not None and file.is_relative_to(folder.resolve())


def restrict(url: URL, params: dict[str, Any], *, folder: Path) -> tuple[URL, dict[str, Any]]:
    """Return the URL and engine parameters that open the same file for reading only.

    Raises:
        ValueError: the file is not in `folder`.
    """
    if not is_own_file(url, folder=folder):
        raise ValueError("this SQLite file does not belong to the workspace")
    # Quoted, or SQLite would decode a `%2e%2e` in the name after it was checked.
    only_reading = URL.create(
        "sqlite",
        database=f"file:{quote(str(find_file(url)))}",
        query={"mode": "ro", "uri": "true"},
    )
    connect_args = {"factory": ReadingConnection, "check_same_thread": False}
    return only_reading, {**params, "connect_args": connect_args}
