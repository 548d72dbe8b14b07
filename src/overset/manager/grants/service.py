"""Grants are opened, exchanged for more, and ended; each in one transaction."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert, select, update

from overset.kernel.clock import Now
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.ending import end_grants
from overset.manager.grants.model import Grant, Issued
from overset.manager.grants.refresh_token import (
    RefreshToken,
    first_refresh_token,
    next_refresh_token,
)
from overset.manager.keys.service import Signer
from overset.manager.tables import consents, grants, sessions
from overset.manager.tokens.model import IssuedToken, TokenRequest
from overset.manager.tokens.service import TokenService

_RETRIES = 1
"""How often the token before the current one may still be used: the answer may have been lost."""

_RETRY_TIME = timedelta(minutes=2)
"""How soon: else a thief who always comes after the client gets each next one, unnoticed."""

_PUBLIC = [grants.c[name] for name in Grant.__dataclass_fields__]


class Freshness(Enum):
    """Which of a grant's refresh tokens one is."""

    CURRENT = auto()
    RETRY = auto()
    OLD = auto()


@dataclass(frozen=True, slots=True)
class GrantService:
    """The grants of the platform.

    Attributes:
        lifetime: how long a grant lives without being used.
        token_lifetime: how long an access token lives.
    """

    changes: ChangeLog
    tokens: TokenService
    master: SecretStr
    now: Now
    lifetime: timedelta
    token_lifetime: timedelta

    def open(self, grant: Grant, *, refreshable: bool, needs_consent: bool = True) -> Issued | None:
        """Keep a new grant and return the first tokens under it; None if it rests on nothing more.

        It rests on a sign-in that goes on, and on a consent that was not withdrawn, unless none is
        needed. Whoever ends one of them meanwhile waits, and then ends this grant too.

        Args:
            grant: what the user allowed.
            refreshable: whether the client gets a refresh token.
            needs_consent: whether the user had to allow it, which nobody has to for our own client.
        """
        refresh = first_refresh_token(grant.id) if refreshable else None
        row = {**asdict(grant), "previous_uses": 0, "refresh_hash": refresh and refresh.digest}
        signer = self.tokens.keys.signer()
        with self.changes.writing() as transaction:
            if not _is_allowed(transaction, grant, needs_consent=needs_consent):
                return None
            transaction.execute(insert(grants).values(row))
            access = self._issue(transaction, grant, grant.scope, signer)
        return self._tell(access, grant.scope, refresh)

    def find(self, grant_id: str) -> Grant | None:
        """Return a grant that still counts, or None."""
        return self._find(grants.c.id == grant_id)

    def find_current(self, refresh: RefreshToken) -> Grant | None:
        """Return the grant whose current refresh token this is, or None."""
        is_current = grants.c.refresh_hash == refresh.digest
        return self._find((grants.c.id == refresh.grant_id) & is_current)

    def exchange(self, refresh: RefreshToken, *, scope: str) -> Issued | None:
        """Return new tokens for a refresh token, or None if it does not count.

        The first of two that come with the same one wins; the second one is its retry. An older one
        was copied, by whoever used it first or by this one: it ends the grant (RFC 9700 4.14.2).
        """
        signer = self.tokens.keys.signer()
        with self.changes.writing() as transaction:
            row = (
                transaction.execute(
                    select(grants)
                    .where(grants.c.id == refresh.grant_id, _counts(self.now()))
                    .with_for_update()
                )
                .mappings()
                .first()
            )
            if row is None:
                return None
            freshness = self._judge(row, refresh)
            if freshness is Freshness.OLD:
                end_grants(transaction, grants.c.id == refresh.grant_id, at=self.now())
                return None
            successor = next_refresh_token(refresh, master=self.master)
            transaction.execute(self._advance(row, refresh, successor, freshness))
            grant = Grant(**{column.name: row[column.name] for column in _PUBLIC})
            access = self._issue(transaction, grant, scope, signer)
        return self._tell(access, scope, successor)

    def revoke(self, grant_id: str) -> None:
        """End a grant and every token under it; once more does nothing."""
        with self.changes.writing() as transaction:
            end_grants(transaction, grants.c.id == grant_id, at=self.now())

    def _find(self, condition: Any) -> Grant | None:
        query = select(*_PUBLIC).where(condition, _counts(self.now()))
        with self.changes.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        return Grant(**row) if row else None

    def _judge(self, row: Any, refresh: RefreshToken) -> Freshness:
        if row["refresh_hash"] == refresh.digest:
            return Freshness.CURRENT
        # Nothing has moved the end of the grant since the exchange that made this the previous one.
        exchanged_at = row["expires_at"] - self.lifetime
        is_retry = row["previous_hash"] == refresh.digest and row["previous_uses"] < _RETRIES
        in_time = self.now() <= exchanged_at + _RETRY_TIME
        return Freshness.RETRY if is_retry and in_time else Freshness.OLD

    def _advance(
        self, row: Any, refresh: RefreshToken, successor: RefreshToken, freshness: Freshness
    ) -> Any:
        values: dict[str, object] = {"expires_at": self.now() + self.lifetime}
        if freshness is Freshness.CURRENT:
            values |= {
                "refresh_hash": successor.digest,
                "previous_hash": refresh.digest,
                "previous_uses": 0,
            }
        else:
            values |= {"previous_uses": row["previous_uses"] + 1}
        return update(grants).where(grants.c.id == refresh.grant_id).values(values)

    def _issue(
        self, transaction: Transaction, grant: Grant, scope: str, signer: Signer
    ) -> IssuedToken:
        request = TokenRequest(
            user_id=grant.user_id,
            client_id=grant.client_id,
            audience=grant.audience,
            workspace_ids=[] if grant.workspace_id is None else [grant.workspace_id],
            scope=scope,
            ttl=self.token_lifetime,
            grant_id=grant.id,
        )
        return self.tokens.issue_in(transaction, request, signer)

    def _tell(self, access: IssuedToken, scope: str, refresh: RefreshToken | None) -> Issued:
        return Issued(
            access_token=access.value,
            expires_in=int(self.token_lifetime.total_seconds()),
            scope=scope,
            refresh_token=refresh.value if refresh else None,
        )


def _is_allowed(transaction: Transaction, grant: Grant, *, needs_consent: bool) -> bool:
    if grant.session_id is None:
        return True
    found = select(sessions.c.id).where(
        sessions.c.id == grant.session_id, sessions.c.ended_at.is_(None)
    )
    if needs_consent:
        found = (
            found.join(consents, consents.c.user_id == sessions.c.user_id)
            .where(consents.c.client_id == grant.client_id)
            .where(consents.c.workspace_id == (grant.workspace_id or ""))
        )
    return transaction.execute(found.with_for_update()).first() is not None


def _counts(now: Any) -> Any:
    return grants.c.revoked_at.is_(None) & (grants.c.expires_at > now)
