"""A commit in a tool's call does not make it ask again who calls, and which data source is asked.

SQLAlchemy forgets all that a session read when it commits. `execute_sql` commits three times, and
each time the caller and the data source were loaded anew: a fifth of its time. What a call began
with is what it goes on with: both leave the session before it forgets, and come back after.
"""

from typing import Any

from sqlalchemy import event, inspect

from overset.observe.audit import find_call

_KEPT = "overset_kept_through_commit"
_HANGS_ON = {"roles", "groups", "ssh_tunnel"}


def keep_through_commits() -> None:
    """Do so for every tool from now on."""
    from superset.extensions import db

    if not event.contains(db.session, "after_commit", _take_out):
        event.listen(db.session, "after_commit", _take_out)
        event.listen(db.session, "after_transaction_end", _bring_back)


def _take_out(session: Any) -> None:
    if find_call() is None or session.in_nested_transaction():
        return
    kept = [row for row in session.identity_map.values() if _is_kept(row)]
    for row in kept:
        session.expunge(row)
    session.info[_KEPT] = kept


def _bring_back(session: Any, transaction: Any) -> None:
    if not transaction.nested:
        session.add_all(session.info.pop(_KEPT, ()))


def _is_kept(row: Any) -> bool:
    """Tell whether it is a person or a data source that a call need not read again.

    Where more than roles, groups or a tunnel hangs on it, a tool may have added to that.
    """
    from superset.extensions import security_manager
    from superset.models.core import Database

    if not isinstance(row, (security_manager.user_model, Database)):
        return False
    state = inspect(row)
    read = set(state.mapper.relationships.keys()) - state.unloaded
    return not state.expired and read <= _HANGS_ON
