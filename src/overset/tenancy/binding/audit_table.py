"""The `logs` table of each workspace, and this process's one writer to them."""

from collections.abc import Sequence

from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DataError, IntegrityError

from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.audit_writer import AuditWriter, RefusedRowsError, Row
from overset.tenancy.binding.initializer import ENGINES

_LIMIT = text("SET LOCAL statement_timeout = 5000")
"""PostgreSQL's limit in milliseconds: a table that somebody locks must not keep a thread."""


def write_rows(workspace_id: WorkspaceId, rows: Sequence[Row]) -> None:
    """Write rows in one transaction, through the workspace's own engine.

    Raises:
        RefusedRowsError: some rows can never be written; the others were, one by one.
        SQLAlchemyError: the database is down, locked or full; nothing was written.
    """
    engine = _app().extensions[ENGINES].get(workspace_id)
    try:
        _insert(engine, rows)
    except (DataError, IntegrityError):
        refused = sum(not _is_taken(engine, row) for row in rows)
        if refused:
            raise RefusedRowsError(refused) from None


def _app() -> Flask:
    # What `make_app` made: the app's configuration leads to this module, so it is not asked.
    from superset.mcp_service.flask_singleton import get_flask_app

    app: Flask = get_flask_app()
    return app


def _is_taken(engine: Engine, row: Row) -> bool:
    try:
        _insert(engine, [row])
    except (DataError, IntegrityError):
        return False
    return True


def _insert(engine: Engine, rows: Sequence[Row]) -> None:
    from superset.models.core import Log

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(_LIMIT)
        connection.execute(Log.__table__.insert(), rows)


WRITER = AuditWriter(write_rows)
"""Where the event log of every workspace of this process goes."""
