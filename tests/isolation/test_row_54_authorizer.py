"""Row 54, at the authorizer and the names of files: each statement and each spelling by itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine.url import make_url

from overset.tenancy.binding.sqlite_files import (
    ReadingConnection,
    find_file,
    is_own_file,
    restrict,
)

DENIED = [
    "ATTACH '{other}' AS g",
    "ATTACH DATABASE 'file:{other}?mode=ro' AS g",
    "ATTACH '' AS g",
    "ATTACH ':memory:' AS g",
    "ATTACH 'x' || '{other}' AS g",
    "EXPLAIN ATTACH '{other}' AS g",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO '{new}'",
    "SELECT load_extension('{other}')",
    "SELECT LOAD_EXTENSION('{other}', 'x')",
    "SELECT readfile('{other}')",
    "SELECT writefile('{new}', 'x')",
    "SELECT edit('x')",
    "SELECT fts3_tokenizer('simple', x'00')",
    "INSERT INTO facts VALUES (1)",
    "REPLACE INTO facts VALUES (1)",
    "UPDATE facts SET id = 1",
    "DELETE FROM facts",
    "DROP TABLE facts",
    "ALTER TABLE facts ADD COLUMN y",
    "CREATE TABLE t (x)",
    "CREATE TEMP TABLE t (x)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TRIGGER t AFTER INSERT ON facts BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER t AFTER INSERT ON facts BEGIN SELECT 1; END",
    "CREATE INDEX i ON facts (id)",
    "CREATE VIRTUAL TABLE v USING fts5(x)",
    "CREATE VIRTUAL TABLE temp.v USING rtree(a, b, c)",
    "ANALYZE",
    "REINDEX by_id",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA user_version = 1",
    "PRAGMA temp_store_directory = '{new}'",
    "PRAGMA data_store_directory = '{new}'",
    "PRAGMA query_only = OFF",
    "PRAGMA trusted_schema = ON",
    "PRAGMA key = 'x'",
    "PRAGMA mmap_size = 1",
    "PRAGMA hard_heap_limit = 1",
    "PRAGMA wal_checkpoint",
    "PRAGMA incremental_vacuum",
    "PRAGMA optimize",
    "PRAGMA TEMP_STORE_DIRECTORY = '{new}'",
]

ALLOWED = [
    "SELECT * FROM facts",
    "SELECT count(*), max(id), upper('x') FROM facts GROUP BY id",
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t",
    "SELECT json_extract('[1]', '$[0]')",
    "EXPLAIN QUERY PLAN SELECT * FROM facts",
    "PRAGMA table_info('facts')",
    "PRAGMA Table_Info('facts')",
    "PRAGMA database_list",
    "BEGIN",
    "SAVEPOINT x",
    "VALUES (1)",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The workspace's own folder, with a file in it; `other` beside it is somebody else's."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        with closing(sqlite3.connect(tmp_path / name / "data.db")) as connection:
            connection.execute(f"CREATE TABLE facts (id INTEGER, of_{name} TEXT)")
            connection.execute("CREATE INDEX by_id ON facts (id)")
    return tmp_path / "own"


@pytest.fixture
def connection(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that could write, if the authorizer let it."""
    with closing(sqlite3.connect(folder / "data.db", factory=ReadingConnection)) as connection:
        yield connection


@pytest.mark.parametrize("statement", DENIED)
def test_row_54_the_authorizer_refuses(
    connection: sqlite3.Connection, folder: Path, statement: str
) -> None:
    new = folder / "new.db"
    other = folder.parent / "other" / "data.db"
    with pytest.raises(sqlite3.DatabaseError, match=r"not authori|authorization|no such func"):
        connection.execute(statement.format(other=other, new=new)).fetchall()
    assert not new.exists()


@pytest.mark.parametrize("statement", ALLOWED)
def test_row_54_the_authorizer_allows(connection: sqlite3.Connection, statement: str) -> None:
    connection.execute(statement).fetchall()


def test_row_54_sql_cannot_put_the_authorizer_aside(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA database_list")
    with pytest.raises(sqlite3.DatabaseError):
        connection.executescript("SELECT 1; COMMIT; ATTACH ':memory:' AS g;")


OWN = {
    "{own}/data.db": True,
    "{own}/./data.db": True,
    "{own}/sub/../data.db": True,
    "{own}/not/there/yet.db": True,
    "file:{own}/data.db?uri=true": True,
    "file:{own}/%64ata.db?uri=true": True,
    "file:{own}/data.db?mode=ro&uri=true": True,
    "file://localhost{own}/data.db?uri=true": True,
    "{other}/data.db": False,
    "{own}/../other/data.db": False,
    "{own}": True,  # a folder: it can be named, and never opened
    "{own}x/data.db": False,
    "file:{other}/data.db?uri=true": False,
    "file:{own}/../other/data.db?uri=true": False,
    "file:{own}/%2e%2e/other/data.db?uri=true": False,
    "file:{own}/%2E%2E%2Fother/data.db?uri=true": False,
    "file://localhost{other}/data.db?uri=true": False,
    "file://elsewhere{other}/data.db?uri=true": False,
    "file:///{other}/data.db?uri=true": False,
    "FILE:{own}/data.db?uri=true": False,
    "{own}/link.db": False,
    "{own}/linked/data.db": False,
    "data.db": False,
    "../../../../etc/passwd": False,
    ":memory:": False,
    "": False,
    "file::memory:?uri=true": False,
    "{own}/data.db?mode=memory&uri=true": False,
    "{OWN}/data.db": False,
}


@pytest.mark.parametrize(("name", "is_own"), OWN.items(), ids=OWN)
def test_row_54_whose_file_a_name_means(folder: Path, name: str, *, is_own: bool) -> None:
    (folder / "link.db").symlink_to(folder.parent / "other" / "data.db")
    (folder / "linked").symlink_to(folder.parent / "other")
    url = make_url("sqlite:///" + _spell(name, folder))
    assert is_own_file(url, folder=folder) is is_own
    if not is_own:
        with pytest.raises(ValueError, match="does not belong"):
            restrict(url, {}, folder=folder)


def _spell(name: str, folder: Path) -> str:
    return name.format(own=folder, other=folder.parent / "other", OWN=str(folder).upper())


@pytest.mark.parametrize(
    "name",
    [
        "{own}/%2e%2e/other/data.db",
        "{own}/%2E%2E/other/data.db",
        "file:{own}/%252e%252e/other/data.db?uri=true",
        "{own}/x%00/../../other/data.db",
        "file:{own}/data.db%3Fmode=rwc?uri=true",
        "{own}/data.db#x",
        "file:{own}/%23/%252e%252e/%252e%252e/other/data.db?uri=true",
    ],
)
def test_row_54_what_was_checked_is_what_is_opened(folder: Path, name: str) -> None:
    """SQLite decodes names by itself; it must not arrive at another file than the check did."""
    (folder / "%2e%2e").mkdir()
    url = make_url("sqlite:///" + _spell(name, folder))
    opened = "nothing"
    try:
        restricted, params = restrict(url, {}, folder=folder)
        columns = inspect(create_engine(restricted, **params)).get_columns("facts")
        opened = str(columns)
    except Exception as error:  # noqa: BLE001 - any refusal will do, at whichever level
        opened = str(error)
    assert "of_other" not in opened


def test_row_54_a_restricted_file_is_read_and_not_written(folder: Path) -> None:
    url, params = restrict(
        make_url(f"sqlite:///file:{folder}/data.db?mode=rwc&uri=true&vfs=unix-none"),
        {"connect_args": {"factory": "x", "uri": False}},
        folder=folder,
    )
    assert find_file(url) == (folder / "data.db").resolve()
    assert dict(url.query) == {"mode": "ro", "uri": "true"}
    assert params["connect_args"]["factory"] is ReadingConnection
    with create_engine(url, **params).connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM facts").fetchall() == []


def test_row_54_a_file_that_is_not_there_is_not_made(folder: Path) -> None:
    url, params = restrict(make_url(f"sqlite:///{folder}/new.db"), {}, folder=folder)
    with pytest.raises(Exception, match="unable to open"):
        create_engine(url, **params).connect()
    assert not (folder / "new.db").exists()
