"""Users: made, found, changed, shut out, deleted."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from overset.kernel.changes import ChangeKind
from overset.kernel.clock import Now
from overset.kernel.errors import Conflict, NotFound
from overset.kernel.ids import UserId, new_user_id
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.ending import end_grants, end_sessions
from overset.manager.names import email_key, parse_email, parse_name
from overset.manager.tables import grants, identities, memberships, passwords, sessions, users
from overset.manager.users.model import User
from overset.rest.paging import DEFAULT_LIMIT, Page, fetch_page

_PUBLIC = [column for column in users.c if column.name not in {"email_key", "deleted_at"}]
_KEPT = users.c.deleted_at.is_(None)
_OF_A_USER = (memberships, passwords, identities)


@dataclass(frozen=True, slots=True)
class UserService:
    """The people of the platform."""

    changes: ChangeLog
    now: Now

    def create(self, email: str, *, name: str | None = None, operator: bool = False) -> User:
        """Make a user; without a name, the address's local part is taken.

        Raises:
            InvalidRequest: the address or the name cannot be one.
            Conflict: `user_exists`, in whatever capitals.
        """
        with self.changes.writing() as transaction:
            return self.create_in(transaction, email, name=name, operator=operator)

    def create_in(
        self, transaction: Transaction, email: str, *, name: str | None, operator: bool
    ) -> User:
        """Make a user in somebody else's transaction; raises as `create` does, and then it ends."""
        email = parse_email(email)
        user = User(
            id=new_user_id(),
            email=email,
            name=parse_name(name or email.partition("@")[0]),
            active=True,
            operator=operator,
            created_at=self.now(),
        )
        row = {**asdict(user), "email_key": email_key(email)}
        try:
            transaction.execute(insert(users).values(row))
        except IntegrityError:
            raise _taken(email) from None
        return user

    def find(self, user_id: str) -> User | None:
        """Return a user that is not deleted, or None."""
        return self._find(users.c.id == user_id)

    def get(self, user_id: str) -> User:
        """Return a user; raises NotFound `user_unknown`."""
        if (user := self.find(user_id)) is None:
            raise NotFound("user_unknown", f"There is no user {user_id!r}.")
        return user

    def find_by_email(self, email: str) -> User | None:
        """Return the user who has this address now, in whatever capitals, or None."""
        return self._find(users.c.email_key == email_key(email))

    def find_in(self, transaction: Transaction, email: str) -> User | None:
        """Return what `find_by_email` does, as somebody else's transaction sees it."""
        return _find(transaction.connection, users.c.email_key == email_key(email))

    def get_by_email(self, email: str) -> User:
        """Return the user who has this address now; raises NotFound `user_unknown`."""
        if (user := self.find_by_email(email)) is None:
            raise NotFound("user_unknown", f"There is no user with the address {email!r}.")
        return user

    def page(self, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page[User]:
        """Return users by address."""
        query = select(*_PUBLIC, users.c.email_key).where(_KEPT)
        with self.changes.database.reading() as connection:
            return fetch_page(
                connection, query, by=[users.c.email_key], make=_make, limit=limit, cursor=cursor
            )

    def update(
        self,
        user_id: str,
        *,
        email: str | None = None,
        name: str | None = None,
        active: bool | None = None,
        operator: bool | None = None,
    ) -> User:
        """Change what is given; the id, and with it everything that the user has, stays.

        Who is made inactive is signed out everywhere.

        Raises:
            InvalidRequest: the address or the name cannot be one.
            NotFound: `user_unknown`.
            Conflict: `user_exists`, somebody else has this address.
        """
        values: dict[str, object] = {"active": active, "operator": operator}
        if email is not None:
            values |= {"email": parse_email(email), "email_key": email_key(email)}
        if name is not None:
            values["name"] = parse_name(name)
        given = {key: value for key, value in values.items() if value is not None}
        try:
            self._write(user_id, given)
        except IntegrityError:
            raise _taken(str(email)) from None
        return self.get(user_id)

    def update_in(
        self, transaction: Transaction, user_id: str, *, name: str, operator: bool
    ) -> None:
        """Change a user in somebody else's transaction; raises as `update` does."""
        self._write_in(transaction, user_id, {"name": parse_name(name), "operator": operator})

    def delete(self, user_id: str) -> None:
        """Delete a user: the address is free again, but the id will never mean somebody else."""
        gone = {"email": "", "email_key": "", "name": "", "active": False, "operator": False}
        self._write(user_id, {**gone, "deleted_at": self.now()}, leave=True)

    def _write(self, user_id: str, values: dict[str, object], *, leave: bool = False) -> None:
        with self.changes.writing() as transaction:
            self._write_in(transaction, user_id, values)
            for table in _OF_A_USER if leave else ():
                transaction.execute(delete(table).where(table.c.user_id == user_id))

    def _write_in(self, transaction: Transaction, user_id: str, values: dict[str, object]) -> None:
        statement = update(users).where(users.c.id == user_id, _KEPT)
        found = transaction.execute(statement.values(values or {"id": user_id})).rowcount
        if not found:
            raise NotFound("user_unknown", f"There is no user {user_id!r}.")
        if values.get("active") is False:
            end_sessions(transaction, sessions.c.user_id == user_id, at=self.now())
            end_grants(transaction, grants.c.user_id == user_id, at=self.now())
        transaction.record(ChangeKind.USER, user_id=UserId(user_id))

    def _find(self, condition: Any) -> User | None:
        with self.changes.database.reading() as connection:
            return _find(connection, condition)


def _find(connection: Connection, condition: Any) -> User | None:
    row = connection.execute(select(*_PUBLIC).where(condition, _KEPT)).mappings().first()
    return _make(row) if row else None


def _make(row: Any) -> User:
    return User(**{column.name: row[column] for column in _PUBLIC})


def _taken(email: str) -> Conflict:
    return Conflict("user_exists", f"There is a user with the address {email!r} already.")
