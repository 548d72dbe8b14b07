"""What ends together: memberships and sign-ins, the grants that rest on them, and their tokens."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from overset.kernel.changes import ChangeKind
from overset.kernel.ids import UserId, WorkspaceId
from overset.manager.changes.service import Transaction
from overset.manager.tables import grants, memberships, sessions, tokens


def end_grants(transaction: Transaction, condition: Any, *, at: datetime) -> int:
    """End the grants that `condition` describes, with every token under them; return how many.

    Every process hears of each user concerned once the transaction is committed.
    """
    found = select(grants.c.id, grants.c.user_id).where(condition, grants.c.revoked_at.is_(None))
    rows = transaction.execute(found).all()
    ids = [row.id for row in rows]
    if not ids:
        return 0
    transaction.execute(update(grants).where(grants.c.id.in_(ids)).values(revoked_at=at))
    alive = update(tokens).where(tokens.c.grant_id.in_(ids), tokens.c.revoked_at.is_(None))
    transaction.execute(alive.values(revoked_at=at))
    for user_id in {row.user_id for row in rows}:
        transaction.record(ChangeKind.TOKEN, user_id=UserId(user_id))
    return len(ids)


def end_membership(
    transaction: Transaction, *, workspace_id: WorkspaceId, user_id: UserId, at: datetime
) -> bool:
    """End a membership and the grants for its workspace; say whether there was one."""
    theirs = memberships.c.workspace_id == workspace_id, memberships.c.user_id == user_id
    if not transaction.execute(delete(memberships).where(*theirs)).rowcount:
        return False
    given = (grants.c.workspace_id == workspace_id) & (grants.c.user_id == user_id)
    end_grants(transaction, given, at=at)
    transaction.record(ChangeKind.MEMBER, workspace_id=workspace_id, user_id=user_id)
    return True


def end_sessions(transaction: Transaction, condition: Any, *, at: datetime) -> int:
    """End the sign-ins that `condition` describes, and the grants made in them; return how many.

    Every process hears of each user concerned once the transaction is committed.
    """
    alive = select(sessions.c.id, sessions.c.user_id)
    rows = transaction.execute(alive.where(condition, sessions.c.ended_at.is_(None))).all()
    ids = [row.id for row in rows]
    if not ids:
        return 0
    ended = update(sessions).where(sessions.c.id.in_(ids))
    transaction.execute(ended.values(ended_at=at))
    end_grants(transaction, grants.c.session_id.in_(ids), at=at)
    for user_id in {row.user_id for row in rows}:
        transaction.record(ChangeKind.SESSION, user_id=UserId(user_id))
    return len(ids)
