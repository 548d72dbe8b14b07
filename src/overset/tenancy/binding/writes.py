"""Notices when this process writes to a workspace's tables of users and roles.

It looks at the statements, because Superset writes these tables in every way there is: by objects,
by listeners on objects of other tables, and by plain SQL.
"""

import re
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

from overset.kernel.errors import UnboundError
from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.known import KNOWN

_TABLES = re.compile(r"\bab_", re.IGNORECASE)
"""Every table of Flask-AppBuilder's security begins like this."""

_WRITING = "overset_writes_roles_of"


def watch_writes() -> None:
    """Let `KNOWN` hear of every write from now on."""
    if not event.contains(Engine, "before_cursor_execute", _begin):
        event.listen(Engine, "before_cursor_execute", _begin)
        event.listen(Pool, "checkin", _end)


def _begin(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
    del cursor, more
    if statement.startswith("SELECT") or not _TABLES.search(statement):
        return
    if _WRITING not in connection.info:
        connection.info[_WRITING] = workspace_id = _find_workspace_id()
        KNOWN.begin_write(workspace_id)


def _end(connection: Any, record: Any) -> None:
    # A connection is given back once its transaction was committed or rolled back, and not before.
    del connection
    if _WRITING in record.info:
        KNOWN.end_write(record.info.pop(_WRITING))


def _find_workspace_id() -> WorkspaceId | None:
    """Return whose tables are written, or None: then they may be anybody's."""
    try:
        return get_bound().id
    except UnboundError:
        return None
