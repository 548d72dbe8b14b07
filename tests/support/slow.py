"""Queries that take long: on SQLite, and on a PostgreSQL server that tells who sleeps there."""

import pytest

from support.calls import tool_call
from support.postgres import PostgresServer


def count_to(number: int) -> str:
    """Return SQL that keeps SQLite busy: 10 million are about a second."""
    return (
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n"
        f" WHERE x < {number}) SELECT count(*) FROM n"
    )


def sql(statement: str, *, database_id: int = 1, **request: object) -> dict:
    """Return the message that runs a statement."""
    return tool_call("execute_sql", database_id=database_id, sql=statement, **request)


@pytest.fixture(scope="session")
def warehouse(postgres: PostgresServer) -> PostgresServer:
    """A PostgreSQL server that is a customer's, as far as the platform can tell.

    Superset forbids `pg_sleep` by its name.
    """
    postgres.execute(
        "CREATE OR REPLACE FUNCTION slumber(seconds float) RETURNS void LANGUAGE plpgsql"
        " AS 'BEGIN PERFORM pg_sleep(seconds); END'"
    )
    return postgres


def sleepers(server: PostgresServer) -> int:
    """Return how many queries sleep, as the server itself says."""
    (row,) = server.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
        " AND query ILIKE '%slumber(%' AND pid <> pg_backend_pid()"
    )
    return int(row[0])
