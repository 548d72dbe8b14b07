"""Signing keys: encrypted, rotated with overlap, published."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from overset.kernel.errors import NotFound, SettingsError
from overset.kernel.secrets import Keys
from overset.manager.keys.service import JWKS_MAX_AGE, MAX_TOKEN_TTL
from overset.manager.services import Manager, open_manager
from overset.manager.tables import signing_keys
from overset.manager.users.model import User
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import Client, Clock


def _kids(manager: Manager) -> list[str]:
    return [key["kid"] for key in manager.keys.jwks()["keys"]]


def test_private_keys_are_encrypted_at_rest(manager: Manager):
    manager.keys.signer()

    with manager.database.reading() as connection:
        row = connection.execute(select(signing_keys)).mappings().one()
    assert "PRIVATE KEY" not in repr(dict(row))
    assert set(row["public_jwk"]) == {"alg", "e", "kid", "kty", "n", "use"}


def test_another_master_key_is_told_apart_from_a_bug(manager: Manager):
    manager.keys.signer()
    other = Keys(master=SecretStr("x" * 40), service=SecretStr("y" * 40))

    with (
        open_manager(manager.settings, keys=other, provisioner=NullProvisioner()) as opened,
        pytest.raises(SettingsError, match="OVERSET_MASTER_KEY"),
    ):
        opened.keys.signer()


def test_only_one_first_key_is_made_by_many_at_once(manager: Manager):
    with ThreadPoolExecutor(8) as pool:
        kids = set(pool.map(lambda _: manager.keys.signer().kid, range(16)))

    assert len(kids) == 1
    assert _kids(manager) == list(kids)


def test_a_new_key_is_published_before_it_signs(manager: Manager, clock: Clock):
    old = manager.keys.signer().kid
    clock.advance(timedelta(days=1))
    new = manager.keys.rotate().kid

    assert _kids(manager) == [old, new]
    assert manager.keys.signer().kid == old
    clock.advance(JWKS_MAX_AGE)
    assert manager.keys.signer().kid == new


def test_an_old_key_is_published_until_its_last_token_has_expired(
    anybody: Client, manager: Manager, operator: User, clock: Clock
):
    old = manager.keys.signer().kid
    manager.keys.rotate()
    clock.advance(JWKS_MAX_AGE - timedelta(seconds=1))
    last = manager.tokens.issue(operator.id, ttl=MAX_TOKEN_TTL)

    clock.advance(MAX_TOKEN_TTL - timedelta(seconds=1))
    assert old in _kids(manager)
    assert Client(anybody.app, last.value).get("/api/v1/keys").status_code == 200
    clock.advance(timedelta(seconds=2))
    assert old not in _kids(manager)


def test_a_retired_key_loses_its_private_part(manager: Manager, clock: Clock):
    old = manager.keys.signer().kid
    manager.keys.rotate(at_once=True)
    clock.advance(timedelta(seconds=1))
    manager.keys.rotate(at_once=True)

    query = select(signing_keys.c.private_pem_encrypted).where(signing_keys.c.kid == old)
    with manager.database.reading() as connection:
        assert connection.execute(query).scalar_one() is None
    assert old in _kids(manager)


def test_two_rotations_in_a_row_leave_a_key_that_signs(manager: Manager, clock: Clock):
    first = manager.keys.signer().kid
    second = manager.keys.rotate().kid
    clock.advance(timedelta(minutes=2))
    third = manager.keys.rotate().kid

    assert manager.keys.signer().kid == first
    clock.advance(timedelta(minutes=3))
    assert manager.keys.signer().kid == second
    clock.advance(timedelta(minutes=2))
    assert manager.keys.signer().kid == third


def test_a_withdrawn_key_takes_its_tokens_along(anybody: Client, manager: Manager, operator: User):
    stolen = manager.tokens.issue(operator.id).value
    kid = manager.keys.signer().kid
    manager.keys.withdraw(kid)

    assert Client(anybody.app, stolen).get("/api/v1/keys").status_code == 401
    assert _kids(manager) != [kid]
    with pytest.raises(NotFound):
        manager.keys.withdraw(kid)


def test_the_jwks_may_be_cached_and_is_asked_for_by_etag(anybody: Client, manager: Manager):
    answer = anybody.get("/.well-known/jwks.json")

    assert answer.json() == manager.keys.jwks()
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    for known in (answer.headers["ETag"], f'W/{answer.headers["ETag"]}, "x"', "*"):
        again = anybody.get("/.well-known/jwks.json", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == answer.headers["ETag"]

    manager.keys.rotate()
    stale = {"If-None-Match": answer.headers["ETag"]}
    assert anybody.get("/.well-known/jwks.json", headers=stale).status_code == 200
