"""Rows of a workspace's metadata, read with the workspace's own credentials."""

import contextlib
import json
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from support.deployment import Platform
from support.processes import wait_until

_LOG = "SELECT action, user_id, duration_ms, json FROM logs WHERE json LIKE :id ORDER BY id"


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row of Superset's `logs` table."""

    action: str
    user_id: int | None
    duration_ms: int | None
    payload: dict[str, Any]


def fetch(platform: Platform, statement: str, *, workspace: str, **values: Any) -> list[Any]:
    """Return the rows that a SELECT finds in a workspace's metadata."""
    engine = create_engine(platform.metadata(workspace), future=True, poolclass=NullPool)
    with engine.connect() as connection:
        return list(connection.execute(text(statement), values))


def fetch_log(platform: Platform, request_id: str, *, workspace: str) -> list[LogRow]:
    """Return all rows of a workspace's log that belong to an answered request, oldest first."""
    wait_until_written(platform)
    return peek_log(platform, request_id, workspace=workspace)


def peek_log(platform: Platform, request_id: str, *, workspace: str) -> list[LogRow]:
    """Return the rows of a workspace's log that belong to a request and are written by now."""
    found = fetch(platform, _LOG, workspace=workspace, id=f"%{request_id}%")
    return [LogRow(row.action, row.user_id, row.duration_ms, json.loads(row.json)) for row in found]


def wait_until_written(platform: Platform) -> None:
    """Wait until every row of every answered request is in its log, and none is still to come."""
    wait_until(lambda: sum(read_figures(platform, "audit_waiting").values()) == 0, what="all rows")


def read_figures(platform: Platform, name: str) -> dict[str, float]:
    """Return the figures of a metric by the values of its one label."""
    text_of_all = platform.post(path="/metrics", method="GET").text
    found = re.findall(rf'^{name}\{{\w+="([^"]*)"\}} (\S+)$', text_of_all, re.MULTILINE)
    return {value: float(figure) for value, figure in found}


def fetch_user_id(platform: Platform, username: str, *, workspace: str) -> int:
    """Return the number of a Superset user in its workspace."""
    statement = "SELECT id FROM ab_user WHERE username = :username"
    return int(fetch(platform, statement, workspace=workspace, username=username)[0].id)


def integrity(platform: Platform) -> set[str]:
    """Return what SQLite says about the manager's file and the workspaces'."""
    files = [platform.settings.home / "manager.db"]
    files += [Path(make_url(platform.metadata(slug)).database) for slug in ("acme", "globex")]
    said = set()
    for file in files:
        with contextlib.closing(sqlite3.connect(file)) as connection:
            said.add(connection.execute("PRAGMA integrity_check").fetchone()[0])
    return said
