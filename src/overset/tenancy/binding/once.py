"""What runs once in a workspace, however many messages ask for it: its own database decides."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError

_RESOURCE = "overset_task"
_KEPT = timedelta(days=2)
"""Longer than any message may come late."""


def is_first(task_id: str) -> bool:
    """Say whether this is the first run of a task in the bound workspace, and note it.

    The table has each id once, so of two that ask at the same time one is told no.
    """
    from superset.extensions import db
    from superset.key_value.models import KeyValueEntry

    now = datetime.now()  # noqa: DTZ005 - as Superset itself writes and compares this table
    entry = KeyValueEntry(
        resource=_RESOURCE, uuid=UUID(task_id), value=b"", created_on=now, expires_on=now + _KEPT
    )
    try:
        db.session.add(entry)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def forget_old() -> None:
    """Remove what is noted of tasks that no message can ask for any more."""
    from superset.extensions import db
    from superset.key_value.models import KeyValueEntry

    now = datetime.now()  # noqa: DTZ005 - as above
    old = db.session.query(KeyValueEntry).filter(
        KeyValueEntry.resource == _RESOURCE, KeyValueEntry.expires_on <= now
    )
    old.delete(synchronize_session=False)
    db.session.commit()
