"""The assistant's tokens at the manager: for a sign-in that goes on, of a member, and no longer."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from sqlalchemy import func, select

from overset.auth.scopes import WORKSPACE_SCOPES, read_scopes
from overset.flags.gates import Gate
from overset.flags.rules import GateMode
from overset.manager.people.model import Method, Session
from overset.manager.services import Manager, open_manager
from overset.manager.tables import grants
from overset.manager.users.model import User
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import Client, Clock, make_member, make_settings


@pytest.fixture
def user(manager: Manager) -> User:
    """Ada, a member of acme."""
    return make_member(manager, "acme", "ada@example.com")[1]


@pytest.fixture
def session(manager: Manager, user: User) -> Session:
    """Ada's browser."""
    return sign_in(manager, user)


def sign_in(manager: Manager, user: User) -> Session:
    begun = manager.sessions.begin(
        user.id, method=Method.PASSWORD, user_agent="a browser", address="192.0.2.1"
    )
    return begun[0]


def ask(caller: Client, session_id: str, user_id: str, workspace: str = "acme") -> httpx.Response:
    body = {"user_id": user_id, "workspace": workspace}
    return caller.post(f"/internal/v1/sessions/{session_id}/token", json=body)


def issue(caller: Client, session: Session, workspace: str = "acme") -> dict[str, Any]:
    """Return what a token says that is issued now."""
    answer = ask(caller, session.id, session.user_id, workspace)
    assert answer.status_code == 200, answer.text
    return answer.json()


def read(manager: Manager, value: str) -> tuple[dict[str, Any], dict[str, Any]]:
    token = jwt.decode(value, manager.keys.signer().key, algorithms=["RS256"])
    return dict(token.header), dict(token.claims)


def judge(manager: Manager, value: str, workspace: str = "acme") -> str | None:
    """Return why the bearer of a token may not enter, or None."""
    claims = read(manager, value)[1]
    decision = manager.access.decide(
        subject=claims["sub"],
        token_id=claims["jti"],
        client_id=claims["client_id"],
        workspace=workspace,
    )
    return None if decision.allowed else str(decision.reason)


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert "token" not in answer.json()
    assert "access_token" not in answer.json()
    return answer.status_code, answer.json()["code"]


def test_it_is_an_access_token_for_one_workspace_and_ten_minutes(
    data_plane: Client, manager: Manager, session: Session, clock: Clock
):
    answer = ask(data_plane, session.id, session.user_id)
    header, claims = read(manager, answer.json()["access_token"])

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["expires_in"] == 600
    assert header["typ"] == "at+jwt"
    assert claims["aud"] == [manager.settings.mcp_url("acme")]
    assert (claims["sub"], claims["client_id"]) == (session.user_id, "assistant")
    assert claims["exp"] - claims["iat"] == 600
    assert abs(claims["iat"] - clock().timestamp()) < 2
    assert read_scopes(claims["scope"]) == WORKSPACE_SCOPES
    assert judge(manager, answer.json()["access_token"]) is None


def test_it_counts_in_no_other_workspace_of_the_member(
    data_plane: Client, manager: Manager, session: Session
):
    make_member(manager, "globex", "ada@example.com")

    value = issue(data_plane, session)["access_token"]

    assert judge(manager, value, "globex") == "not_a_member"


def test_it_ends_with_the_sign_in_and_others_of_the_member_do_not(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    other = sign_in(manager, user)
    first, second = (issue(data_plane, session)["access_token"] for _ in range(2))
    others = issue(data_plane, other)["access_token"]

    manager.sessions.end(session.id)

    assert judge(manager, first) == judge(manager, second) == "token_revoked"
    assert judge(manager, others) is None
    assert refused(ask(data_plane, session.id, user.id)) == (403, "session_ended")


def test_it_lives_no_longer_than_the_sign_in(tmp_path: Path, clock: Clock):
    settings = make_settings(tmp_path, session_hours=0.1)
    with open_manager(settings, provisioner=NullProvisioner(), now=clock) as manager:
        session = sign_in(manager, make_member(manager)[1])
        clock.advance(timedelta(seconds=50))  # too soon to note that the sign-in is in use

        issued = manager.assistant.issue(session.id, user_id=session.user_id, workspace="acme")

    assert issued.expires_in == 310


def test_it_is_over_after_ten_minutes(
    data_plane: Client, manager: Manager, session: Session, clock: Clock
):
    value = issue(data_plane, session)["access_token"]
    clock.advance(timedelta(seconds=601))

    assert read(manager, value)[1]["exp"] < clock().timestamp()
    assert judge(manager, value) == "token_unknown"


def test_asking_for_one_is_using_the_sign_in(
    data_plane: Client, manager: Manager, session: Session, clock: Clock
):
    clock.advance(timedelta(minutes=30))
    issue(data_plane, session)

    found = manager.sessions.find_by_id(session.id)
    assert found is not None
    assert found.seen_at == clock()


def test_a_made_up_sign_in_and_another_person_s_give_none(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    _, eve = make_member(manager, "acme", "eve@example.com")

    for made_up in ("ses_aaaaaaaaaaaaaaaaaaaaaaaaaa", session.id[:-1], "x", "%00", "' OR 1=1"):
        answer = ask(data_plane, made_up, user.id)
        assert answer.status_code in {403, 404, 422}, made_up
        assert "access_token" not in answer.text
    assert refused(ask(data_plane, session.id, eve.id)) == (403, "session_ended")
    assert refused(ask(data_plane, session.id, "usr_nobody")) == (403, "session_ended")


def test_who_is_no_member_gets_none_and_hears_nothing_of_the_workspace(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    make_member(manager, "globex", "eve@example.com")

    there = ask(data_plane, session.id, user.id, "globex")
    nowhere = ask(data_plane, session.id, user.id, "nowhere")

    assert refused(there) == (403, "not_a_member")
    assert nowhere.status_code == 403
    assert there.json()["detail"] == nowhere.json()["detail"]


def test_a_removed_member_gets_none_and_the_one_before_counts_no_more(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    value = issue(data_plane, session)["access_token"]

    manager.members.remove("acme", user.id)

    assert judge(manager, value) == "token_revoked"
    assert refused(ask(data_plane, session.id, user.id)) == (403, "not_a_member")
    manager.members.put("acme", user.id, role="Admin")
    assert judge(manager, value) == "token_revoked"


def test_a_suspended_workspace_gives_none(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    value = issue(data_plane, session)["access_token"]

    manager.workspaces.suspend("acme")

    assert refused(ask(data_plane, session.id, user.id)) == (403, "workspace_suspended")
    assert judge(manager, value) == "workspace_suspended"


def test_a_disabled_user_gets_none(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    value = issue(data_plane, session)["access_token"]

    manager.users.update(user.id, active=False)

    assert ask(data_plane, session.id, user.id).status_code == 403
    assert judge(manager, value) is not None


def test_the_gate_shuts_it_for_a_workspace_and_for_all(
    data_plane: Client, manager: Manager, session: Session, user: User
):
    manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=False)
    assert refused(ask(data_plane, session.id, user.id)) == (403, "gate_off")

    manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=True)
    issue(data_plane, session)
    manager.gates.set_mode(Gate.CHATBOT_ENABLED, GateMode.OFF)
    assert refused(ask(data_plane, session.id, user.id)) == (403, "gate_off")


def test_only_the_data_plane_may_ask(
    anybody: Client, api: Client, data_plane: Client, session: Session
):
    value = issue(data_plane, session)["access_token"]

    for caller in (anybody, api, Client(anybody.app, value)):
        answer = ask(caller, session.id, session.user_id)
        assert refused(answer) == (401, "service_key_invalid")


def test_all_tokens_of_a_sign_in_are_under_one_grant(
    data_plane: Client, manager: Manager, session: Session
):
    for _ in range(5):
        issue(data_plane, session)

    with manager.database.reading() as connection:
        count = select(func.count()).where(grants.c.session_id == session.id)
        assert connection.execute(count).scalar() == 1
