"""Slow queries, to see what other workspaces feel while one of them waits for its own."""

import sqlite3
import time

import httpx

from bench.load import Call, Target
from support.postgres import PostgresServer

MANY_ROWS = 200_000
"""How many rows the largest result has."""

_PROBE = 2_000_000
_SECONDS = 600
_SLEEPS = "bench_wait"


def counting_for(seconds: float) -> str:
    """Return SQL that keeps SQLite busy for about so many seconds on this machine."""
    connection = sqlite3.connect(":memory:")
    start = time.perf_counter()
    connection.execute(_counting(_PROBE)).fetchall()
    taken = time.perf_counter() - start
    connection.close()
    return _counting(round(_PROBE * seconds / taken))


def listing(rows: int) -> str:
    """Return SQL that returns so many rows, of two numbers each."""
    return f"WITH RECURSIVE n AS ({_numbers(rows)}) SELECT i, i * 2 AS j FROM n"  # noqa: S608


def sleeping(seconds: float) -> str:
    """Return SQL that sleeps on a server that `make_sleepy` was given."""
    return f"SELECT {_SLEEPS}({seconds})"


def make_sleepy(postgres: PostgresServer) -> str:
    """Make a database whose function sleeps, and return its URL.

    Superset lets nobody name `pg_sleep` itself.
    """
    url = postgres.create_database()
    postgres.execute(
        f"CREATE FUNCTION {_SLEEPS}(seconds float) RETURNS text LANGUAGE sql"
        " AS 'SELECT pg_sleep(seconds)::text'",
        database=url.rpartition("/")[2],
    )
    return url


def count_sleepers(postgres: PostgresServer) -> int:
    """Return how many queries sleep at this moment, as the server itself says.

    Superset writes functions' names in capitals.
    """
    ((number,),) = postgres.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"  # noqa: S608
        f" AND query ILIKE '%{_SLEEPS}(%' AND pid <> pg_backend_pid()"
    )
    return int(number)


def ask(target: Target, call: Call) -> str:
    """Call once and return the answer, however long it takes."""
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if target.authorizations[0]:
        sent["Authorization"] = target.authorizations[0]
    return httpx.post(target.url, content=call.body, headers=sent, timeout=_SECONDS).text


def _counting(rows: int) -> str:
    return f"WITH RECURSIVE n AS ({_numbers(rows)}) SELECT COUNT(*) AS c FROM n"  # noqa: S608


def _numbers(rows: int) -> str:
    return f"SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {rows}"  # noqa: S608
