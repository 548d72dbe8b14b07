"""Which memberships change when a person's groups at the provider do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from overset.kernel.changes import ChangeKind
from overset.kernel.ids import UserId, WorkspaceId
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.ending import end_membership
from overset.manager.tables import memberships


@dataclass(frozen=True, slots=True)
class _Difference:
    """What groups give and a user does not have, and what they gave and give no more."""

    put: Mapping[WorkspaceId, str]
    gone: frozenset[WorkspaceId]


def put_by_groups(changes: ChangeLog, user_id: UserId, wanted: Mapping[WorkspaceId, str]) -> None:
    """Let groups give a user exactly the roles `wanted`; memberships given by hand stay.

    Where nothing changes nothing is written, and no process hears of anything.
    """
    with changes.database.reading() as connection:
        found = _compare(connection, user_id, wanted)
    if not found.put and not found.gone:
        return
    with changes.writing() as transaction:
        # Once more: somebody may have changed a membership by hand since.
        _write(changes, transaction, user_id, _compare(transaction.connection, user_id, wanted))


def _compare(connection: Any, user_id: UserId, wanted: Mapping[WorkspaceId, str]) -> _Difference:
    query = select(memberships).where(memberships.c.user_id == user_id)
    rows = connection.execute(query).mappings().all()
    has = {row["workspace_id"]: row["role"] for row in rows}
    by_hand = {row["workspace_id"] for row in rows if not row["by_groups"]}
    put = {at: role for at, role in wanted.items() if at not in by_hand and has.get(at) != role}
    return _Difference(put, gone=frozenset(has) - by_hand - frozenset(wanted))


def _write(
    changes: ChangeLog, transaction: Transaction, user_id: UserId, difference: _Difference
) -> None:
    for workspace_id, role in difference.put.items():
        key = {"workspace_id": workspace_id, "user_id": user_id}
        values = {**key, "role": role, "by_groups": True}
        transaction.execute(changes.database.upsert(memberships, key=tuple(key), values=values))
        transaction.record(ChangeKind.MEMBER, workspace_id=workspace_id, user_id=user_id)
    for workspace_id in difference.gone:
        end_membership(transaction, workspace_id=workspace_id, user_id=user_id, at=changes.now())
