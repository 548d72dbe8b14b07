"""Invitations: a link, for one use, by which somebody becomes a user and a member."""

import secrets
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, insert, select, update

from overset.kernel.changes import ChangeKind
from overset.kernel.clock import Now
from overset.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from overset.kernel.ids import WorkspaceId, new_invitation_id
from overset.kernel.settings import Settings
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.names import email_key, parse_email, parse_name
from overset.manager.people.model import Invitation, IssuedInvitation
from overset.manager.people.passwords import PasswordService
from overset.manager.tables import identities, invitations, memberships, passwords, workspaces
from overset.manager.users.model import User
from overset.manager.users.service import UserService
from overset.manager.workspaces.service import WorkspaceService
from overset.rest.paging import DEFAULT_LIMIT, Page, fetch_page

LIFETIME = timedelta(days=7)
DEFAULT_ROLE = "Gamma"
_SECRET_BYTES = 32
_PUBLIC = [invitations.c[name] for name in Invitation.__dataclass_fields__]
_THERE = workspaces.c.deleted_at.is_(None)


@dataclass(frozen=True, slots=True)
class InvitationService:
    """The invitations of the platform."""

    settings: Settings
    changes: ChangeLog
    users: UserService
    workspaces: WorkspaceService
    passwords: PasswordService
    now: Now

    def create(
        self,
        email: str,
        *,
        workspace: str | None = None,
        role: str | None = None,
        operator: bool = False,
    ) -> IssuedInvitation:
        """Invite somebody, for 7 days; the link is for that person alone.

        Args:
            email: whose it is; a user with this address must have no way to sign in yet.
            workspace: slug or id, where the user becomes a member.
            role: in that workspace; `Gamma` by default.
            operator: whether the user becomes an operator.

        Raises:
            InvalidRequest: `email_invalid` or `role_invalid`.
            NotFound: `workspace_unknown`.
            Conflict: `user_exists`, who can sign in: add that user as a member instead.
        """
        if role and not workspace:
            raise InvalidRequest("role_invalid", "A role is for a workspace: say for which.")
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self.now()
        invitation = Invitation(
            id=new_invitation_id(),
            email=parse_email(email),
            operator=operator,
            workspace_id=self.workspaces.get(workspace).id if workspace else None,
            role=parse_name(role or DEFAULT_ROLE, what="role") if workspace else None,
            created_at=now,
            expires_at=now + LIFETIME,
            accepted_at=None,
        )
        kept = {"email_key": email_key(invitation.email), "secret_hash": _digest(secret)}
        with self.changes.writing() as transaction:
            self._refuse_known(transaction, invitation)
            transaction.execute(insert(invitations).values({**asdict(invitation), **kept}))
        return IssuedInvitation(f"{self.settings.issuer}/invitations/{secret}", invitation)

    def page(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[Invitation]:
        """Return invitations, newest first; accepted and expired ones too."""
        with self.changes.database.reading() as connection:
            return fetch_page(
                connection,
                select(*_PUBLIC),
                by=[invitations.c.created_at, invitations.c.id],
                make=_make,
                limit=limit,
                cursor=cursor,
                newest_first=True,
            )

    def withdraw(self, invitation_id: str) -> None:
        """Make a link worthless; raises NotFound `invitation_unknown`."""
        gone = delete(invitations).where(invitations.c.id == invitation_id)
        with self.changes.writing() as transaction:
            if not transaction.execute(gone).rowcount:
                raise _unknown()

    def find(self, secret: str) -> Invitation | None:
        """Return the open invitation of a link's secret, or None."""
        return self._find_open(invitations.c.secret_hash == _digest(secret))

    def find_by_email(self, email: str) -> Invitation | None:
        """Return the newest open invitation for an address, in whatever capitals, or None."""
        return self._find_open(invitations.c.email_key == email_key(email))

    def accept(self, secret: str, *, name: str, password: str) -> User:
        """Make the user, and the membership, of a link that nobody used yet.

        Raises:
            NotFound: `invitation_unknown`; it was used, has expired, or its workspace is gone.
            InvalidRequest: `password_weak` or `name_invalid`.
            Conflict: `user_exists`, who can sign in already.
        """
        if (invitation := self.find(secret)) is None:
            raise _unknown()
        name = parse_name(name)
        hashed = self.passwords.hash(password, email=invitation.email)
        with self.changes.writing() as transaction:
            user = self.redeem(transaction, invitation, name=name)
            self.passwords.keep(transaction, user.id, hashed)
        return self.users.get(user.id)

    def redeem(self, transaction: Transaction, invitation: Invitation, *, name: str | None) -> User:
        """Make the user of an invitation, without a way to sign in: that is the caller's to add.

        Raises:
            NotFound: `invitation_unknown`; somebody else was faster, or it has expired.
            Conflict: `user_exists`, who can sign in already.
            Forbidden: `user_disabled`.
        """
        mine = update(invitations).where(invitations.c.id == invitation.id, *self._open())
        if not transaction.execute(mine.values(accepted_at=self.now())).rowcount:
            raise _unknown()
        user = self._make_user(transaction, invitation, name=name)
        if invitation.workspace_id is not None:
            self._make_member(transaction, invitation.workspace_id, user, role=invitation.role)
        return user

    def _make_user(
        self, transaction: Transaction, invitation: Invitation, *, name: str | None
    ) -> User:
        known = self._refuse_known(transaction, invitation)
        if known is None:
            return self.users.create_in(
                transaction, invitation.email, name=name, operator=invitation.operator
            )
        if not known.active:
            raise Forbidden("user_disabled", "This user is disabled. Ask an operator.")
        operator = known.operator or invitation.operator
        changed = replace(known, name=name or known.name, operator=operator)
        self.users.update_in(transaction, known.id, name=changed.name, operator=operator)
        return changed

    def _make_member(
        self, transaction: Transaction, workspace_id: WorkspaceId, user: User, *, role: str | None
    ) -> None:
        key = {"workspace_id": workspace_id, "user_id": user.id}
        row = {**key, "role": role or DEFAULT_ROLE}
        upsert = self.changes.database.upsert(memberships, key=tuple(key), values=row)
        transaction.execute(upsert)
        transaction.record(ChangeKind.MEMBER, workspace_id=workspace_id, user_id=user.id)

    def _refuse_known(self, transaction: Transaction, invitation: Invitation) -> User | None:
        # Whoever gets hold of a link must not take over an account that somebody uses.
        known = self.users.find_in(transaction, invitation.email)
        if known is not None and any(
            transaction.execute(select(table.c.user_id).where(table.c.user_id == known.id)).first()
            for table in (passwords, identities)
        ):
            raise Conflict(
                "user_exists", "There is a user with this address, who can sign in already."
            )
        return known

    def _find_open(self, condition: Any) -> Invitation | None:
        query = (
            select(*_PUBLIC)
            .outerjoin(workspaces, workspaces.c.id == invitations.c.workspace_id)
            .where(condition, *self._open(), invitations.c.workspace_id.is_(None) | _THERE)
            .order_by(invitations.c.created_at.desc())
        )
        with self.changes.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _make(row) if row else None

    def _open(self) -> tuple[Any, ...]:
        return invitations.c.accepted_at.is_(None), invitations.c.expires_at > self.now()


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _make(row: Any) -> Invitation:
    return Invitation(**row)


def _unknown() -> NotFound:
    return NotFound(
        "invitation_unknown",
        "This invitation was used, has expired or was withdrawn. Ask for a new one.",
    )
