"""Tokens: what is in them, who gets them, and that they are kept nowhere."""

import base64
import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import inspect, text

from overset.auth.scopes import WORKSPACE_SCOPES, Scope, parse_scopes
from overset.kernel.errors import Forbidden, InvalidRequest, NotFound
from overset.manager.services import Manager
from overset.manager.users.model import User
from overset.rest.paging import all_items
from support.manager import Clock, make_member

MANAGER_AUDIENCE = "http://localhost:8088/api/v1"


def test_a_token_is_what_rfc_9068_says(manager: Manager, clock: Clock):
    make_member(manager, "globex")
    _, user = make_member(manager, "acme")
    issued = manager.tokens.issue(
        user.id, workspaces=["acme", "globex", "acme"], ttl=timedelta(hours=2), client_id="claude"
    )
    keys = KeySet.import_key_set(manager.keys.jwks())
    token = jwt.decode(issued.value, keys, algorithms=["RS256"])
    now = int(clock().timestamp())

    assert token.header == {"typ": "at+jwt", "alg": "RS256", "kid": keys.keys[0].kid}
    assert token.claims == {
        "iss": "http://localhost:8088",
        "sub": user.id,
        "aud": ["http://acme.localhost:8088/mcp", "http://globex.localhost:8088/mcp"],
        "exp": now + 7200,
        "iat": now,
        "jti": issued.token.id,
        "client_id": "claude",
        "scope": "sql:run workspace:read workspace:write",
    }


def test_the_token_itself_is_kept_nowhere(manager: Manager):
    _, user = make_member(manager)
    issued = manager.tokens.issue(user.id, workspaces=["acme"])
    signature = issued.value.rsplit(".", 1)[1]

    with manager.database.reading() as connection:
        tables = inspect(connection).get_table_names()
        rows = [
            connection.execute(text(f"SELECT * FROM {name}")).all() for name in tables
        ]  # names of our own tables
    assert len(tables) > 8
    assert signature not in repr(rows)
    assert signature not in repr(issued)


def test_scopes_can_be_narrowed_but_not_widened(manager: Manager, operator: User):
    _, user = make_member(manager)
    narrow = manager.tokens.issue(
        user.id, workspaces=["acme"], scopes=frozenset({Scope.WORKSPACE_READ})
    )
    assert narrow.token.scope == "workspace:read"

    for scopes in ({Scope.MANAGER_READ}, {Scope.WORKSPACE_READ, Scope.MANAGER_WRITE}, set()):
        with pytest.raises(InvalidRequest) as refusal:
            manager.tokens.issue(user.id, workspaces=["acme"], scopes=frozenset(scopes))
        assert refusal.value.code == "scope_invalid"
    with pytest.raises(InvalidRequest):
        manager.tokens.issue(operator.id, scopes=WORKSPACE_SCOPES)


def test_an_unknown_scope_is_refused_by_name():
    assert parse_scopes(" sql:run  workspace:read ") == {Scope.SQL_RUN, Scope.WORKSPACE_READ}
    with pytest.raises(InvalidRequest, match="sql:drop"):
        parse_scopes("sql:run sql:drop")


@pytest.mark.parametrize("ttl", [timedelta(), timedelta(seconds=-1), timedelta(days=90, seconds=1)])
def test_a_token_lives_at_most_ninety_days(manager: Manager, operator: User, ttl: timedelta):
    with pytest.raises(InvalidRequest, match="90 days"):
        manager.tokens.issue(operator.id, ttl=ttl)
    manager.tokens.issue(operator.id, ttl=timedelta(days=90))


def test_who_is_no_member_gets_no_token(manager: Manager):
    make_member(manager, "acme")
    _, eve = make_member(manager, "globex", "eve@example.com")

    with pytest.raises(Forbidden) as refusal:
        manager.tokens.issue(eve.id, workspaces=["globex", "acme"])
    assert refusal.value.code == "not_a_member"
    with pytest.raises(NotFound):
        manager.tokens.issue(eve.id, workspaces=["nowhere"])
    with pytest.raises(NotFound):
        manager.tokens.issue("usr_nobody", workspaces=["acme"])


def test_only_operators_get_tokens_for_the_manager(manager: Manager, operator: User):
    _, user = make_member(manager)

    with pytest.raises(Forbidden) as refusal:
        manager.tokens.issue(user.id)
    assert refusal.value.code == "not_an_operator"
    issued = manager.tokens.issue(operator.id)
    assert issued.token.audience == [MANAGER_AUDIENCE]
    assert issued.token.scope == "manager:read manager:write"


def test_a_disabled_user_gets_no_token(manager: Manager):
    _, user = make_member(manager)
    manager.users.update(user.id, active=False)

    with pytest.raises(Forbidden) as refusal:
        manager.tokens.issue(user.id, workspaces=["acme"])
    assert refusal.value.code == "user_disabled"


def test_a_client_cannot_be_named_like_a_user(manager: Manager, operator: User):
    with pytest.raises(InvalidRequest) as refusal:
        manager.tokens.issue(operator.id, client_id=operator.id)
    assert refusal.value.code == "client_id_invalid"


def test_tokens_are_listed_newest_first_in_pages(manager: Manager, operator: User, clock: Clock):
    issued = []
    for _ in range(5):
        issued.append(manager.tokens.issue(operator.id).token)
        clock.advance(timedelta(minutes=1))
    _, ada = make_member(manager)
    of_ada = manager.tokens.issue(ada.id, workspaces=["acme"]).token

    first = manager.tokens.page(limit=2)
    second = manager.tokens.page(limit=2, cursor=first.next)
    assert [*first.items, *second.items] == [of_ada, *issued[:1:-1]]
    assert list(all_items(manager.tokens.page, user_id=operator.id)) == issued[::-1]


def test_tokens_of_one_second_are_all_listed(manager: Manager, operator: User):
    issued = {manager.tokens.issue(operator.id).token.id for _ in range(5)}
    seen: list[str] = []
    cursor = None
    while True:
        page = manager.tokens.page(limit=2, cursor=cursor)
        seen += [token.id for token in page.items]
        if (cursor := page.next) is None:
            break

    assert len(seen) == 5
    assert set(seen) == issued


def test_long_expired_records_are_forgotten(manager: Manager, operator: User, clock: Clock):
    old = manager.tokens.issue(operator.id).token
    clock.advance(timedelta(days=31))
    manager.tokens.issue(operator.id)

    assert manager.tokens.find(old.id) is None


def test_the_claims_hold_no_address(manager: Manager):
    _, user = make_member(manager)
    value = manager.tokens.issue(user.id, workspaces=["acme"]).value
    claims = base64.urlsafe_b64decode(value.split(".")[1] + "==").decode()

    assert user.email not in claims
    assert json.loads(claims)["sub"] == user.id
