"""A person's groups at the OpenID provider give roles in workspaces, and take them away again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from overset.kernel.changes import ChangeKind
from overset.kernel.ids import new_grant_id
from overset.manager.tables import grants
from support.federation import Platform, provider_settings, running_platform
from support.manager import Clock, make_settings
from support.openid_provider import OpenIDProvider

RULES = "analysts=acme:Gamma, admins=acme:Admin, admins=globex:Admin, lost=nowhere:Admin"


@pytest.fixture
def platform(
    tmp_path: Path, stores: dict[str, Any], openid_provider: OpenIDProvider, clock: Clock
) -> Iterator[Platform]:
    rules = provider_settings(openid_provider, oidc_domains="example.com", oidc_group_roles=RULES)
    settings = make_settings(tmp_path, **stores, **rules)
    with running_platform(settings, openid_provider, clock) as running:
        running.manager.teams.create("team", name="Team")
        for slug in ("acme", "globex"):
            running.manager.workspaces.create(slug, team="team")
        yield running


def sign_in(platform: Platform, groups: object, login: str = "") -> str:
    claims = {"email": f"{login or 'ada'}@example.com", "email_verified": True, "groups": groups}
    login = platform.provider.add_account(login, **claims)
    answer = platform.browser().sign_in(login)
    assert answer.status_code == 303, answer.text
    return login


def roles(platform: Platform, email: str = "ada@example.com") -> dict[str, str]:
    user = platform.manager.users.get_by_email(email)
    found = {slug: platform.manager.members.find(slug, user.id) for slug in ("acme", "globex")}
    return {slug: member.role for slug, member in found.items() if member}


def test_groups_give_the_roles_of_their_rules(platform: Platform):
    sign_in(platform, ["analysts", "everybody"])

    assert roles(platform) == {"acme": "Gamma"}


def test_of_two_rules_for_a_workspace_the_first_counts(platform: Platform):
    sign_in(platform, ["admins", "analysts"])

    assert roles(platform) == {"acme": "Gamma", "globex": "Admin"}


def test_a_group_that_is_gone_takes_its_role_along(platform: Platform):
    claims = {"email": "ada@example.com", "email_verified": True}
    login = platform.provider.add_account(**claims, groups=["admins"])
    platform.browser().sign_in(login)
    before = roles(platform)

    platform.provider.add_account(login, **claims, groups=["analysts"])
    platform.browser().sign_in(login)
    between = roles(platform)

    platform.provider.add_account(login, **claims)
    platform.browser().sign_in(login)

    assert before == {"acme": "Admin", "globex": "Admin"}
    assert between == {"acme": "Gamma"}
    assert roles(platform) == {}


@pytest.mark.parametrize(
    "groups", [None, "", "admin", {"admins": True}, [["admins"]], 7, ["ADMINS"]]
)
@pytest.mark.parametrize("stores", [{}], ids=["sqlite and memory"])
def test_what_is_no_list_of_a_known_group_gives_nothing(platform: Platform, groups: object):
    sign_in(platform, groups)

    assert roles(platform) == {}


def test_one_group_may_come_as_text(platform: Platform):
    sign_in(platform, "analysts")

    assert roles(platform) == {"acme": "Gamma"}


def test_a_membership_that_was_given_by_hand_stays(platform: Platform):
    user = platform.manager.users.create("ada@example.com")
    platform.manager.members.put("acme", user.id, role="Alpha")
    login = platform.provider.add_account(
        email="ada@example.com", email_verified=True, groups=["analysts"]
    )
    platform.browser().sign_in(login)
    with_group = roles(platform)
    platform.provider.add_account(login, email="ada@example.com", email_verified=True)
    platform.browser().sign_in(login)

    assert with_group == {"acme": "Alpha"}
    assert roles(platform) == {"acme": "Alpha"}


def test_a_membership_of_groups_that_an_operator_changes_is_the_operator_s(platform: Platform):
    login = platform.provider.add_account(
        email="ada@example.com", email_verified=True, groups=["analysts"]
    )
    platform.browser().sign_in(login)
    user = platform.manager.users.get_by_email("ada@example.com")
    platform.manager.members.put("acme", user.id, role="Admin")

    platform.provider.add_account(login, email="ada@example.com", email_verified=True)
    platform.browser().sign_in(login)

    assert roles(platform) == {"acme": "Admin"}


def test_a_sign_in_that_changes_nothing_tells_nobody(platform: Platform):
    login = sign_in(platform, ["analysts"], login="ada")
    seq = platform.manager.changes.since(None).seq

    sign_in(platform, ["analysts"], login=login)

    assert platform.manager.changes.since(seq).changes == []


def test_a_role_that_is_gone_ends_what_clients_were_granted_there(platform: Platform, clock: Clock):
    login = sign_in(platform, ["admins"], login="ada")
    user = platform.manager.users.get_by_email("ada@example.com")
    kept, gone = new_grant_id(), new_grant_id()
    for grant_id, slug in ((kept, "acme"), (gone, "globex")):
        workspace = platform.manager.workspaces.get(slug)
        row = {
            "id": grant_id,
            "user_id": user.id,
            "client_id": "cli_test",
            "workspace_id": workspace.id,
            "audience": [],
            "scope": "workspace:read",
            "authenticated_at": clock(),
            "created_at": clock(),
            "expires_at": clock(),
            "previous_uses": 0,
        }
        with platform.manager.database.writing() as connection:
            connection.execute(insert(grants).values(row))
    seq = platform.manager.changes.since(None).seq

    sign_in(platform, ["analysts"], login=login)

    query = select(grants.c.id).where(grants.c.revoked_at.is_not(None))
    with platform.manager.database.reading() as connection:
        ended = connection.execute(query).scalars().all()
    kinds = {change.kind for change in platform.manager.changes.since(seq).changes}
    assert ended == [gone]
    assert kinds == {ChangeKind.MEMBER, ChangeKind.TOKEN}


def test_groups_never_make_an_operator(platform: Platform):
    sign_in(platform, ["admins", "operators"])

    assert not platform.manager.users.get_by_email("ada@example.com").operator
