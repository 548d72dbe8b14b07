"""Decisions: every reason, in order, through the internal API."""

from datetime import timedelta

import pytest

from overset.flags.gates import Gate
from overset.flags.rules import GateMode
from overset.manager.services import Manager
from overset.manager.tokens.model import Token
from support.manager import Client, Clock, count_statements, make_member


@pytest.fixture
def token(manager: Manager) -> Token:
    _, user = make_member(manager)
    return manager.tokens.issue(user.id, workspaces=["acme"], client_id="claude").token


def _decide(data_plane: Client, token: Token, **other) -> dict:
    question = {
        "subject": token.user_id,
        "token_id": token.id,
        "client_id": token.client_id,
        "workspace": "acme",
        **other,
    }
    answer = data_plane.post("/internal/v1/access", json=question)
    assert answer.status_code == 200
    return answer.json()


def _refused(reason: str) -> dict:
    return {
        "allowed": False,
        "reason": reason,
        "workspace": None,
        "member": None,
        "gates": {gate.value: True for gate in Gate},
    }


def test_a_member_is_let_in_by_slug_and_by_id(data_plane: Client, manager: Manager, token: Token):
    workspace, user = make_member(manager)
    expected = {
        "allowed": True,
        "reason": None,
        "workspace": {
            "id": workspace.id,
            "slug": "acme",
            "name": "acme",
            "state": "active",
            "team_id": workspace.team_id,
        },
        "member": {"user_id": user.id, "email": user.email, "name": "ada", "role": "Admin"},
        "gates": {gate.value: True for gate in Gate},
    }

    assert _decide(data_plane, token) == expected
    assert _decide(data_plane, token, workspace=workspace.id) == expected
    assert _decide(data_plane, token, client_id=None) == expected


@pytest.mark.parametrize(
    "other",
    [{"token_id": "tok_nobody"}, {"subject": "usr_somebody_else"}, {"client_id": "another"}],
)
def test_a_token_that_was_not_issued_so_is_unknown(data_plane: Client, token: Token, other: dict):
    assert _decide(data_plane, token, **other) == _refused("token_unknown")


def test_an_expired_token_is_unknown(data_plane: Client, token: Token, clock: Clock):
    clock.advance(timedelta(hours=1))

    assert _decide(data_plane, token) == _refused("token_unknown")


def test_a_revoked_token_is_refused(data_plane: Client, manager: Manager, token: Token):
    manager.tokens.revoke(token.id)

    assert _decide(data_plane, token) == _refused("token_revoked")


def test_a_disabled_user_is_refused_until_enabled(
    data_plane: Client, manager: Manager, token: Token
):
    manager.users.update(token.user_id, active=False)
    assert _decide(data_plane, token) == _refused("user_disabled")

    manager.users.update(token.user_id, active=True)
    assert _decide(data_plane, token)["allowed"]


def test_a_deleted_user_is_refused_and_who_takes_the_address_inherits_nothing(
    data_plane: Client, manager: Manager, token: Token
):
    manager.users.delete(token.user_id)
    heir = manager.users.create("ada@example.com")

    assert _decide(data_plane, token) == _refused("user_disabled")
    assert heir.id != token.user_id
    assert manager.members.page("acme").items == []
    assert _decide(data_plane, token, subject=heir.id) == _refused("token_unknown")


def test_somebody_else_s_token_does_not_lend_its_membership(data_plane: Client, manager: Manager):
    make_member(manager, "acme", "ada@example.com")
    _, eve = make_member(manager, "globex", "eve@example.com")
    of_eve = manager.tokens.issue(eve.id, workspaces=["globex"]).token

    assert _decide(data_plane, of_eve) == _refused("not_a_member")
    assert _decide(data_plane, of_eve, workspace="globex")["allowed"]


def test_a_removed_member_is_refused(data_plane: Client, manager: Manager, token: Token):
    manager.members.remove("acme", token.user_id)

    assert _decide(data_plane, token) == _refused("not_a_member")


def test_a_token_counts_only_where_it_was_issued_for(data_plane: Client, manager: Manager):
    make_member(manager, "globex")
    _, user = make_member(manager, "acme")
    token = manager.tokens.issue(user.id, workspaces=["acme"]).token

    assert _decide(data_plane, token, workspace="globex") == _refused("not_a_member")


def test_a_token_of_a_deleted_workspace_does_not_open_the_next_of_that_slug(
    data_plane: Client, manager: Manager, token: Token
):
    manager.workspaces.delete("acme")
    assert _decide(data_plane, token) == _refused("workspace_unknown")

    make_member(manager, "acme")
    assert _decide(data_plane, token) == _refused("not_a_member")


def test_no_workspace_and_no_membership_look_and_cost_the_same(
    data_plane: Client, manager: Manager, token: Token
):
    make_member(manager, "globex", "eve@example.com")
    manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "globex", on=False)

    with count_statements(manager) as for_none:
        none = _decide(data_plane, token, workspace="nowhere")
    with count_statements(manager) as for_other:
        other = _decide(data_plane, token, workspace="globex")

    assert none == _refused("workspace_unknown")
    assert other == {**none, "reason": "not_a_member"}
    assert for_none == for_other


def test_members_of_a_suspended_workspace_are_told_so_and_nobody_else(
    data_plane: Client, manager: Manager, token: Token
):
    _, eve = make_member(manager, "globex", "eve@example.com")
    of_eve = manager.tokens.issue(eve.id, workspaces=["globex"]).token
    manager.workspaces.suspend("acme")

    answer = _decide(data_plane, token)
    assert (answer["allowed"], answer["reason"]) == (False, "workspace_suspended")
    assert answer["workspace"]["state"] == "suspended"
    assert answer["member"]["role"] == "Admin"
    assert _decide(data_plane, of_eve) == _refused("not_a_member")

    manager.workspaces.resume("acme")
    assert _decide(data_plane, token)["allowed"]


def test_a_changed_role_or_address_shows_at_once(
    data_plane: Client, manager: Manager, token: Token
):
    manager.members.put("acme", token.user_id, role="Gamma")
    manager.users.update(token.user_id, email="ada@new.example.com", name="Ada L.")

    assert _decide(data_plane, token)["member"] == {
        "user_id": token.user_id,
        "email": "ada@new.example.com",
        "name": "Ada L.",
        "role": "Gamma",
    }


def test_gates_are_those_of_the_workspace(data_plane: Client, manager: Manager, token: Token):
    manager.gates.set_mode(Gate.CHATBOT_ENABLED, GateMode.ALLOW_LIST)
    assert _decide(data_plane, token)["gates"]["CHATBOT_ENABLED"] is False

    manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=True)
    answer = _decide(data_plane, token)
    assert answer["allowed"]
    assert answer["gates"] == {gate.value: True for gate in Gate}


def test_a_question_with_nul_is_no_question(data_plane: Client, token: Token):
    question = {"subject": token.user_id, "token_id": "a\x00b", "workspace": "acme"}

    assert data_plane.post("/internal/v1/access", json=question).status_code == 422
