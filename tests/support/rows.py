"""Rows of a workspace's metadata, read with the workspace's own credentials."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from support.deployment import Platform

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
    """Return the rows of a workspace's log that belong to one request, oldest first."""
    found = fetch(platform, _LOG, workspace=workspace, id=f"%{request_id}%")
    return [LogRow(row.action, row.user_id, row.duration_ms, json.loads(row.json)) for row in found]


def fetch_user_id(platform: Platform, username: str, *, workspace: str) -> int:
    """Return the number of a Superset user in its workspace."""
    statement = "SELECT id FROM ab_user WHERE username = :username"
    return int(fetch(platform, statement, workspace=workspace, username=username)[0].id)
