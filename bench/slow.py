"""Slow queries, to see what other workspaces feel while one of them waits for its own."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx

from bench.load import Call, Target

_PROBE = 2_000_000
_SECONDS = 600


def counting(rows: int) -> str:
    """Return SQL of which SQLite and PostgreSQL make so many rows and return one."""
    return f"WITH RECURSIVE n AS ({_numbers(rows)}) SELECT COUNT(*) AS c FROM n"  # noqa: S608


def listing(rows: int) -> str:
    """Return SQL that returns so many rows."""
    return f"WITH RECURSIVE n AS ({_numbers(rows)}) SELECT i, i * 2 AS j FROM n LIMIT {rows}"  # noqa: S608


def _numbers(rows: int) -> str:
    return f"SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {rows}"  # noqa: S608


def counting_for(seconds: float) -> str:
    """Return SQL that keeps SQLite busy for about so many seconds on this machine."""
    connection = sqlite3.connect(":memory:")
    start = time.perf_counter()
    connection.execute(counting(_PROBE)).fetchall()
    taken = time.perf_counter() - start
    connection.close()
    return counting(round(_PROBE * seconds / taken))


@contextmanager
def under_way(target: Target, call: Call, *, at_once: int) -> Iterator[list[str]]:
    """Have calls under way while the block runs, one for each caller of the target in turn.

    The list has, after the block, what of each answer tells why it is not good: nothing for a good
    one. The block waits for all of them.
    """
    answers: list[str] = []
    headers = [target.authorizations[n % len(target.authorizations)] for n in range(at_once)]
    with ThreadPoolExecutor(at_once) as pool:
        asked = [pool.submit(_ask, target.url, call, header) for header in headers]
        yield answers
        answers += [one.result() for one in asked]


def _ask(url: str, call: Call, authorization: str) -> str:
    sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if authorization:
        sent["Authorization"] = authorization
    answer = httpx.post(url, content=call.body, headers=sent, timeout=_SECONDS).text
    good = call.expected in answer and '"isError":true' not in answer
    return "" if good else answer[-400:]
