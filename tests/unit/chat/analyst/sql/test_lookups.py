"""The catalog of a database tells the columns of a table that Superset does not describe."""

import sqlite3

import pytest

from overset.chat.analyst.datasets.description import Dataset, Kind, read_columns, read_dataset
from overset.chat.analyst.sql.lookups import COLUMN, VALUE, read_types, write_columns


def table(name, **given):
    settings = {
        "id": 1, "name": name, "schema": None, "database": "d", "database_id": 1, "sql": None,
        "main_time": None, "description": None, "columns": (), "metrics": (),
    }  # fmt: skip
    return Dataset(**{**settings, **given})


def test_sqlite_tells_the_columns_of_a_table():
    with sqlite3.connect(":memory:") as connection:
        connection.execute('CREATE TABLE "a b" (at TIMESTAMP, "the city" TEXT, sales FLOAT)')
        names = (COLUMN, VALUE)
        rows = [
            dict(zip(names, row, strict=True))
            for row in connection.execute(write_columns(table("a b"), dialect="sqlite"))
        ]

    types = read_types(rows, dialect="sqlite")
    columns = read_columns((name, type_, "at") for name, type_ in types)

    assert [one.name for one in columns] == ["at", "the city", "sales"]
    assert [one.kind for one in columns] == [Kind.TIME, Kind.TEXT, Kind.NUMBER]


@pytest.mark.parametrize("told", [[], [{VALUE: "none of SQL ("}], [{VALUE: None}], [{}]])
def test_a_catalog_that_tells_nothing_gives_no_columns(told):
    assert read_types(told, dialect="sqlite") == []


def test_other_databases_are_asked_for_one_table_of_one_schema():
    sql = write_columns(table("o'neil", schema="shop"), dialect="postgres")

    assert "FROM information_schema.columns" in sql
    assert "table_name = 'o''neil' AND table_schema = 'shop'" in sql


def test_a_description_that_was_cut_off_is_not_used():
    with pytest.raises(ValueError, match="cut off"):
        read_dataset({"id": 1, "table_name": "x", "_response_truncated": True})
