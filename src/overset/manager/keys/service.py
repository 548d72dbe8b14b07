"""Signing keys: made on first need, rotated with overlap, published as a JWKS (RFC 7517)."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import and_, delete, insert, or_, select, update

from overset.kernel.changes import ChangeKind
from overset.kernel.clock import Now
from overset.kernel.errors import NotFound, SettingsError
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.keys.model import SigningKey
from overset.manager.keys.vault import ALGORITHM, Vault, generate_key
from overset.manager.tables import signing_keys

JWKS_MAX_AGE = timedelta(minutes=5)
"""How long others may keep the JWKS, and so how long a new key waits before it signs."""

MAX_TOKEN_TTL = timedelta(days=90)
"""How long a token may live, and so how long a retired key stays published."""

_PUBLIC = [c for c in signing_keys.c if c.name != "private_pem_encrypted"]


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    key: RSAKey


class KeyService:
    """The platform's signing keys; safe to use from many threads."""

    def __init__(self, changes: ChangeLog, vault: Vault, *, now: Now) -> None:
        self._changes = changes
        self._vault = vault
        self._now = now
        self._unlocked: dict[str, RSAKey] = {}
        self._lock = threading.Lock()

    def signer(self) -> Signer:
        """Return the key that signs now; the first is made here.

        Raises:
            SettingsError: the keys in the database were encrypted under another master key.
        """
        row = self._find_active() or self._create_first()
        with self._lock:
            if row["kid"] not in self._unlocked:
                self._unlocked = {row["kid"]: self._unlock(row["private_pem_encrypted"])}
            return Signer(kid=row["kid"], key=self._unlocked[row["kid"]])

    def published(self) -> list[SigningKey]:
        """Return the keys whose tokens may still be alive, and the one that signs next."""
        if self._find_active() is None:
            self._create_first()
        alive = or_(
            signing_keys.c.retired_at.is_(None),
            signing_keys.c.retired_at > self._now() - MAX_TOKEN_TTL,
        )
        query = select(*_PUBLIC).where(alive).order_by(signing_keys.c.created_at)
        with self._changes.database.reading() as connection:
            return [SigningKey(**row) for row in connection.execute(query).mappings()]

    def jwks(self) -> dict[str, Any]:
        """Return the JWK Set of RFC 7517 section 5."""
        return {"keys": [key.public_jwk for key in self.published()]}

    def key_set(self) -> KeySet:
        """Return the published keys, to verify what was signed here."""
        return KeySet([RSAKey.import_key({**key.public_jwk}) for key in self.published()])

    def decode(self, text: str) -> jwt.Token:
        """Return a JWT that was signed here, with one algorithm, ours, whatever it says (RFC 8725).

        Whether it counts is not looked at. Raises one of `NO_JWT` for anything else.
        """
        registry = JWSRegistry(algorithms=[ALGORITHM])
        return jwt.decode(text, self.key_set(), algorithms=[ALGORITHM], registry=registry)

    def rotate(self, *, at_once: bool = False) -> SigningKey:
        """Make a new key; it signs as soon as everybody's copy of the JWKS has it.

        Args:
            at_once: sign with it from now on, though a process may not know it for a moment.
        """
        now = self._now()
        active_at = now if at_once else now + JWKS_MAX_AGE
        with self._changes.writing() as transaction:
            self._changes.database.lock(transaction.connection, name="signing-keys")
            self._prune(transaction, now)
            ended = update(signing_keys).where(
                or_(signing_keys.c.retired_at.is_(None), signing_keys.c.retired_at > active_at)
            )
            transaction.execute(ended.values(retired_at=active_at))
            return self._insert(transaction, active_at=active_at)

    def withdraw(self, kid: str) -> None:
        """Forget a key that is no longer secret: every token that it signed is worthless.

        Raises:
            NotFound: `key_unknown`.
        """
        with self._changes.writing() as transaction:
            forgotten = delete(signing_keys).where(signing_keys.c.kid == kid)
            if not transaction.execute(forgotten).rowcount:
                raise NotFound("key_unknown", f"There is no signing key {kid!r}.")
            transaction.record(ChangeKind.KEY)

    def _find_active(self) -> Any:
        with self._changes.database.reading() as connection:
            return _find_active(connection, self._now())

    def _create_first(self) -> Any:
        with self._changes.writing() as transaction:
            self._changes.database.lock(transaction.connection, name="signing-keys")
            if (row := _find_active(transaction.connection, self._now())) is not None:
                return row
            self._insert(transaction, active_at=self._now())
            return _find_active(transaction.connection, self._now())

    def _insert(self, transaction: Transaction, *, active_at: datetime) -> SigningKey:
        kid, private, public = generate_key()
        key = SigningKey(
            kid=kid,
            public_jwk=public,
            created_at=self._now(),
            activated_at=active_at,
            retired_at=None,
        )
        row = {column.name: getattr(key, column.name) for column in _PUBLIC}
        encrypted = self._vault.lock(private)
        transaction.execute(
            insert(signing_keys).values({**row, "private_pem_encrypted": encrypted})
        )
        transaction.record(ChangeKind.KEY)
        return key

    def _prune(self, transaction: Transaction, now: datetime) -> None:
        # What can no longer sign needs no private part; what nobody can hold a token of, no row.
        retired = signing_keys.c.retired_at
        erased = update(signing_keys).where(retired < now).values(private_pem_encrypted=None)
        transaction.execute(erased)
        transaction.execute(delete(signing_keys).where(retired < now - MAX_TOKEN_TTL))

    def _unlock(self, encrypted: str) -> RSAKey:
        try:
            return self._vault.unlock(encrypted)
        except InvalidToken:
            problem = (
                "OVERSET_MASTER_KEY is not the one under which this installation's signing keys "
                "were encrypted: set the one that it was started with"
            )
            raise SettingsError([problem]) from None


def _find_active(connection: Any, now: datetime) -> Any:
    signs = and_(
        signing_keys.c.activated_at <= now,
        or_(signing_keys.c.retired_at.is_(None), signing_keys.c.retired_at > now),
        signing_keys.c.private_pem_encrypted.is_not(None),
    )
    newest = select(signing_keys).where(signs).order_by(signing_keys.c.activated_at.desc()).limit(1)
    return connection.execute(newest).mappings().one_or_none()
