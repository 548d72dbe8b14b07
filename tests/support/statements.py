"""What code in a call of a tool asks its metadata database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g
from sqlalchemy import event
from sqlalchemy.engine import Engine

from overset.observe.audit import ToolCall, recording
from overset.tenancy.binding.app import enter
from overset.tenancy.workspace import Workspace


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collect what this thread asks any database; another may be writing the audit."""
    found: list[str] = []
    here = threading.current_thread()

    def note(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if threading.current_thread() is here:
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def calling(workspace: Workspace, tool: str) -> Iterator[Any]:
    """Be in a call of `tool` by the workspace's first user, who is lent."""
    from superset import security_manager

    record = ToolCall(tool, {}, request_id="r", client_id="c", token_id="t")
    with enter(workspace), recording(record):
        g.user = security_manager.get_user_by_id(1)
        yield g.user
