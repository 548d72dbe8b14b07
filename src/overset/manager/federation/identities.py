"""Which user somebody is: known by the provider's (`iss`, `sub`), let in once by the address."""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, true

from overset.kernel.errors import Forbidden
from overset.kernel.settings import Settings
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.ending import end_sessions
from overset.manager.federation.model import Identity, Person
from overset.manager.federation.refusals import email_not_verified, not_linked, uninvited
from overset.manager.people.invitations import InvitationService
from overset.manager.people.model import Invitation
from overset.manager.tables import identities, passwords, sessions, users
from overset.manager.users.model import User
from overset.manager.users.service import UserService

_ALWAYS = true()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IdentityService:
    """The users of people who sign in at the provider."""

    settings: Settings
    changes: ChangeLog
    users: UserService
    invitations: InvitationService

    def sign_in(self, person: Person) -> User:
        """Return the user of a person; a newcomer who may come in becomes one.

        The address decides once, at the first sign-in. After that it may change at the provider, or
        be given to somebody else there, and changes nothing here.

        Raises:
            Forbidden: `user_disabled`, `email_not_verified`, `invitation_needed` or
                `identity_not_linked`.
        """
        with self.changes.database.reading() as connection:
            known = connection.execute(_owner_of(person)).scalar()
        user = self.users.get(known or self._welcome(person))
        _refuse_disabled(user)
        return user

    def known_as(self, user_id: str) -> list[Identity]:
        """Return what a user is known as at providers; raises NotFound `user_unknown`."""
        query = select(identities).where(identities.c.user_id == self.users.get(user_id).id)
        with self.changes.database.reading() as connection:
            rows = connection.execute(query.order_by(identities.c.linked_at)).mappings().all()
        return [Identity(row["issuer"], row["subject"], row["linked_at"]) for row in rows]

    def unlink(self, user_id: str) -> None:
        """Forget what a user is known as, and sign the user out; raises NotFound `user_unknown`.

        The next to come with the user's verified address is a newcomer, and may be linked.
        """
        mine = delete(identities).where(identities.c.user_id == self.users.get(user_id).id)
        with self.changes.writing() as transaction:
            transaction.execute(mine)
            end_sessions(transaction, sessions.c.user_id == user_id, at=self.changes.now())

    def _welcome(self, person: Person) -> str:
        if person.email is None:
            raise email_not_verified(self.settings.provider_name)
        invitation = self.invitations.find_by_email(person.email)
        with self.changes.writing() as transaction:
            # One newcomer at a time: two clicks of one person must not make two users.
            self.changes.database.lock(transaction.connection, name="identities")
            known: str | None = transaction.execute(_owner_of(person)).scalar()
            if known is not None:
                return known
            user = self._admit(transaction, person, person.email, invitation)
            self._link(transaction, person, user)
        _log.info("a person of the identity provider is the user %s from now on", user.id)
        return user.id

    def _admit(
        self, transaction: Transaction, person: Person, email: str, invitation: Invitation | None
    ) -> User:
        name, provider = person.name or None, self.settings.provider_name
        known = self.users.find_in(transaction, email)
        if known is not None:
            _refuse_disabled(known)
        is_used = known is not None and _has_row(transaction, known, passwords, identities)
        if invitation is not None and not is_used:
            return self.invitations.redeem(transaction, invitation, name=name)
        # Whoever can show an address would otherwise take over the account that has it. So the
        # operator must trust the provider with the whole domain, and a user who has an identity
        # there already gets no second one: a mailbox may be given to a newcomer of the same name.
        is_trusted = email.rpartition("@")[2].lower() in self.settings.oidc_domains
        if known is None and is_trusted:
            return self.users.create_in(transaction, email, name=name, operator=False)
        if known is None:
            raise uninvited(provider)
        at_provider = identities.c.issuer == person.issuer
        if not is_trusted or _has_row(transaction, known, identities, where=at_provider):
            raise not_linked(provider)
        return known

    def _link(self, transaction: Transaction, person: Person, user: User) -> None:
        key = {"issuer": person.issuer, "subject": person.subject}
        values = {**key, "user_id": user.id, "linked_at": self.changes.now()}
        upsert = self.changes.database.upsert(identities, key=tuple(key), values=values)
        transaction.execute(upsert)


def _owner_of(person: Person) -> Any:
    # A deleted user is nobody: whoever it was is a newcomer again.
    return (
        select(identities.c.user_id)
        .join(users, users.c.id == identities.c.user_id)
        .where(identities.c.issuer == person.issuer, identities.c.subject == person.subject)
        .where(users.c.deleted_at.is_(None))
    )


def _has_row(transaction: Transaction, user: User, *tables: Any, where: Any = _ALWAYS) -> bool:
    queries = (select(one.c.user_id).where(one.c.user_id == user.id, where) for one in tables)
    return any(transaction.execute(query).first() for query in queries)


def _refuse_disabled(user: User) -> None:
    if not user.active:
        raise Forbidden("user_disabled", "This user is disabled. Ask an operator.")
