"""Passwords: set, checked, changed; a hash is all that is kept."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from overset.kernel.clock import Now
from overset.kernel.errors import Forbidden
from overset.kernel.ids import UserId
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.ending import end_sessions
from overset.manager.names import email_key
from overset.manager.people.hashes import Hashes
from overset.manager.people.password_rules import refuse_weak
from overset.manager.tables import passwords, sessions, users
from overset.manager.users.model import User
from overset.manager.users.service import UserService


@dataclass(frozen=True, slots=True)
class PasswordService:
    """The passwords of the platform."""

    changes: ChangeLog
    users: UserService
    hashes: Hashes
    now: Now

    def check(self, email: str, password: str) -> User | None:
        """Return the active user whose address and password these are, or None.

        Who is unknown, disabled or without a password costs the same time as everybody else.
        """
        query = (
            select(users.c.id, passwords.c.hash)
            .join(passwords, passwords.c.user_id == users.c.id)
            .where(users.c.email_key == email_key(email), users.c.deleted_at.is_(None))
        )
        with self.changes.database.reading() as connection:
            row = connection.execute(query).first()
        if not self.hashes.matches(row.hash if row else None, password) or row is None:
            return None
        if self.hashes.is_dated(row.hash):
            self._renew(row.id, old=row.hash, password=password)
        user = self.users.find(row.id)
        return user if user is not None and user.active else None

    def has_one(self, user_id: str) -> bool:
        """Say whether a user signs in here with a password."""
        query = select(passwords.c.user_id).where(passwords.c.user_id == user_id)
        with self.changes.database.reading() as connection:
            return connection.execute(query).first() is not None

    def set(self, user_id: str, password: str) -> None:
        """Give a user a password, and end all sign-ins that there are: the old one may be known.

        Raises:
            NotFound: `user_unknown`.
            InvalidRequest: `password_weak`.
        """
        user = self.users.get(user_id)
        self._write(user.id, self.hash(password, email=user.email), sessions.c.user_id == user.id)

    def change(self, user_id: str, *, old: str, new: str, session_id: str) -> None:
        """Change one's own password, and end every sign-in but this one.

        Raises:
            Forbidden: `password_wrong`, the old one is another.
            InvalidRequest: `password_weak`.
        """
        user = self.users.get(user_id)
        found = self.check(user.email, old)
        if found is None or found.id != user.id:
            raise Forbidden("password_wrong", "The current password is another one.")
        others = (sessions.c.user_id == user.id) & (sessions.c.id != session_id)
        self._write(user.id, self.hash(new, email=user.email), others)

    def hash(self, password: str, *, email: str) -> str:
        """Return the hash of a password that may be chosen; raises as `set` does."""
        refuse_weak(password, email=email)
        return self.hashes.make(password)

    def keep(self, transaction: Transaction, user_id: UserId, hashed: str) -> None:
        """Keep a hash as a user's password, in somebody else's transaction."""
        values = {"user_id": user_id, "hash": hashed, "changed_at": self.now()}
        statement = self.changes.database.upsert(passwords, key=["user_id"], values=values)
        transaction.execute(statement)

    def _write(self, user_id: UserId, hashed: str, ended: Any) -> None:
        with self.changes.writing() as transaction:
            self.keep(transaction, user_id, hashed)
            end_sessions(transaction, ended, at=self.now())

    def _renew(self, user_id: str, *, old: str, password: str) -> None:
        # Only in place of the same hash: the password may have been changed meanwhile.
        mine = update(passwords).where(passwords.c.user_id == user_id, passwords.c.hash == old)
        hashed = self.hashes.make(password)
        with self.changes.database.writing() as connection:
            connection.execute(mine.values(hash=hashed))
