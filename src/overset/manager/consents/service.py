"""Consents are remembered, shown and withdrawn; with one end all grants that rest on it."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, func, select

from overset.kernel.clock import Now
from overset.kernel.errors import NotFound
from overset.kernel.ids import new_consent_id
from overset.manager.changes.service import ChangeLog
from overset.manager.consents.model import Consent, ConsentKey
from overset.manager.ending import end_grants
from overset.manager.tables import consents, grants, workspaces

_LONGEST_NAME = 100
_ALL = select(consents, func.coalesce(workspaces.c.name, "").label("workspace_name")).outerjoin(
    workspaces, workspaces.c.id == consents.c.workspace_id
)


@dataclass(frozen=True, slots=True)
class ConsentService:
    """What the users of the platform allowed."""

    changes: ChangeLog
    now: Now

    def find(self, key: ConsentKey) -> Consent | None:
        """Return what was allowed there, or None."""
        matches = [consents.c[name] == value for name, value in asdict(key).items()]
        with self.changes.database.reading() as connection:
            row = connection.execute(_ALL.where(*matches)).mappings().first()
        return _make(row) if row else None

    def remember(self, key: ConsentKey, *, client_name: str, scope: str) -> None:
        """Remember what was allowed, in place of what was allowed there before."""
        row = {
            **asdict(key),
            "id": new_consent_id(),
            "client_name": client_name[:_LONGEST_NAME],
            "scope": scope,
            "granted_at": self.now(),
        }
        statement = self.changes.database.upsert(consents, key=tuple(asdict(key)), values=row)
        with self.changes.writing() as transaction:
            transaction.execute(statement)

    def list(self, user_id: str) -> list[Consent]:
        """Return what a user allowed, by the client's name."""
        theirs = _ALL.where(consents.c.user_id == user_id)
        with self.changes.database.reading() as connection:
            rows = connection.execute(theirs.order_by(consents.c.client_name, consents.c.id))
            return [_make(row) for row in rows.mappings()]

    def withdraw(self, user_id: str, consent_id: str) -> None:
        """Take a consent back: the client's grants there end at once, with all tokens.

        Raises:
            NotFound: `consent_unknown`, there is none of this user's.
        """
        own = (consents.c.id == consent_id) & (consents.c.user_id == user_id)
        with self.changes.writing() as transaction:
            row = transaction.execute(select(consents).where(own)).mappings().first()
            if row is None:
                raise NotFound("consent_unknown", "You did not allow this, or took it back before.")
            transaction.execute(delete(consents).where(own))
            given = (grants.c.user_id == user_id) & (grants.c.client_id == row["client_id"])
            where = func.coalesce(grants.c.workspace_id, "") == row["workspace_id"]
            end_grants(transaction, given & where, at=self.now())


def _make(row: Any) -> Consent:
    return Consent(**{name: row[name] for name in Consent.__dataclass_fields__})
