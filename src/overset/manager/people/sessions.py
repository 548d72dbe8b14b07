"""Sign-ins of browsers: begun, found by their cookie's secret, listed, ended."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, exists, insert, select, update

from overset.kernel.clock import Now
from overset.kernel.errors import Forbidden
from overset.kernel.ids import SessionId, UserId, new_session_id
from overset.kernel.settings import Settings
from overset.manager.changes.service import ChangeLog
from overset.manager.ending import end_sessions
from overset.manager.people.model import Method, Session, SignedIn
from overset.manager.tables import grants, sessions
from overset.manager.users.service import UserService
from overset.rest.paging import DEFAULT_LIMIT, Page, fetch_page

_SECRET_BYTES = 32
_SEEN_EVERY = timedelta(minutes=1)
_KEPT_AFTER_EXPIRY = timedelta(days=30)
_PUBLIC = [sessions.c[name] for name in Session.__dataclass_fields__]
_USER_AGENT_LENGTH = sessions.c.user_agent.type.length


@dataclass(frozen=True, slots=True)
class SessionService:
    """The browsers in which somebody is signed in."""

    settings: Settings
    changes: ChangeLog
    users: UserService
    now: Now

    def begin(
        self, user_id: str, *, method: Method, user_agent: str, address: str
    ) -> tuple[Session, str]:
        """Sign a user in; return the sign-in, and the secret for the browser's cookie.

        Id and secret are new each time, whatever the browser brought: nobody can have planted them.

        Raises:
            NotFound: `user_unknown`.
            Forbidden: `user_disabled`.
        """
        user = self.users.get(user_id)
        if not user.active:
            raise Forbidden("user_disabled", "This user is disabled. Ask an operator.")
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self.now()
        session = Session(
            id=new_session_id(),
            user_id=user.id,
            method=method,
            user_agent=user_agent[:_USER_AGENT_LENGTH],
            address=address,
            created_at=now,
            seen_at=now,
            expires_at=now + self.settings.session_time,
        )
        row = {**asdict(session), "method": method.value, "secret_hash": _digest(secret)}
        with self.changes.writing() as transaction:
            transaction.execute(delete(sessions).where(*_forgotten(now)))
            transaction.execute(insert(sessions).values(row))
        return session, secret

    def find(self, secret: str) -> SignedIn | None:
        """Return who is signed in with this secret, and go on with the sign-in; or None.

        It is None for what is unknown, ended or expired, and while its user is disabled.
        """
        session = self._find(sessions.c.secret_hash == _digest(secret))
        user = self.users.find(session.user_id) if session else None
        if session is None or user is None or not user.active:
            return None
        self.go_on(session)
        return SignedIn(session=session, user=user)

    def find_by_id(self, session_id: str) -> Session | None:
        """Return a sign-in that has neither ended nor expired, or None."""
        return self._find(sessions.c.id == session_id)

    def go_on(self, session: Session) -> None:
        """Note that a sign-in is in use, once a minute: it ends later by that."""
        now = self.now()
        if now - session.seen_at < _SEEN_EVERY:
            return
        mine = update(sessions).where(sessions.c.id == session.id, sessions.c.ended_at.is_(None))
        values = {"seen_at": now, "expires_at": now + self.settings.session_time}
        with self.changes.database.writing() as connection:
            connection.execute(mine.values(values))

    def page(
        self, user_id: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Session]:
        """Return the sign-ins of a user that still count, newest first."""
        query = select(*_PUBLIC).where(sessions.c.user_id == user_id, *self._counts())
        with self.changes.database.reading() as connection:
            return fetch_page(
                connection,
                query,
                by=[sessions.c.created_at, sessions.c.id],
                make=_make,
                limit=limit,
                cursor=cursor,
                newest_first=True,
            )

    def end(self, session_id: str, *, user_id: str | None = None) -> None:
        """End a sign-in (of this user only, if one is given), with all that was granted in it."""
        condition = sessions.c.id == session_id
        self._end(condition if user_id is None else condition & (sessions.c.user_id == user_id))

    def end_all(self, user_id: str) -> None:
        """End every sign-in of a user, with all that was granted in them."""
        self._end(sessions.c.user_id == user_id)

    def _end(self, condition: Any) -> None:
        with self.changes.writing() as transaction:
            end_sessions(transaction, condition, at=self.now())

    def _find(self, condition: Any) -> Session | None:
        query = select(*_PUBLIC).where(condition, *self._counts())
        with self.changes.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _make(row) if row else None

    def _counts(self) -> tuple[Any, ...]:
        return sessions.c.ended_at.is_(None), sessions.c.expires_at > self.now()


def _forgotten(now: datetime) -> tuple[Any, ...]:
    of_a_grant = exists().where(grants.c.session_id == sessions.c.id)
    return sessions.c.expires_at < now - _KEPT_AFTER_EXPIRY, ~of_a_grant


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _make(row: Any) -> Session:
    return Session(
        **{
            **row,
            "id": SessionId(row["id"]),
            "user_id": UserId(row["user_id"]),
            "method": Method(row["method"]),
        }
    )
