"""The internal API: who may ask, workspaces, the change log."""

import contextlib

from overset.flags.gates import Gate
from overset.flags.rules import GateMode
from overset.manager.changes import service as change_log
from overset.manager.services import Manager
from support.manager import Client, make_member


def test_nobody_without_the_service_key_is_heard(anybody: Client, manager: Manager):
    almost = manager.service_key.get_secret_value()[:-1]
    for bearer in (None, "wrong", "", "ünïcode", almost):
        headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}".encode()}
        for path in ("/internal/v1/workspaces/acme", "/internal/v1/changes"):
            answer = anybody.get(path, headers=headers)
            assert answer.status_code == 401, (path, bearer)
            assert answer.json()["code"] == "service_key_invalid"
            assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_operator_s_token_is_no_service_key_and_the_key_no_token(
    api: Client, data_plane: Client
):
    assert api.get("/internal/v1/changes").status_code == 401
    assert data_plane.get("/api/v1/teams").status_code == 401


def test_a_workspace_is_found_by_slug_and_id(data_plane: Client, manager: Manager):
    workspace, _ = make_member(manager)
    expected = {
        "id": workspace.id,
        "slug": "acme",
        "name": "acme",
        "state": "active",
        "team_id": workspace.team_id,
    }

    assert data_plane.get("/internal/v1/workspaces/acme").json() == expected
    assert data_plane.get(f"/internal/v1/workspaces/{workspace.id}").json() == expected


def test_a_deleted_workspace_is_unknown(data_plane: Client, manager: Manager):
    make_member(manager)
    manager.workspaces.delete("acme")
    answer = data_plane.get("/internal/v1/workspaces/acme")

    assert (answer.status_code, answer.json()["code"]) == (404, "workspace_unknown")


def test_the_change_log_says_where_it_stands(data_plane: Client, manager: Manager):
    assert data_plane.get("/internal/v1/changes").json() == {
        "seq": 0,
        "reset": False,
        "changes": [],
    }

    make_member(manager)
    assert data_plane.get("/internal/v1/changes").json() == {
        "seq": 2,
        "reset": False,
        "changes": [],
    }


def test_every_kind_of_change_is_logged(data_plane: Client, manager: Manager):
    workspace, user = make_member(manager)
    token = manager.tokens.issue(user.id, workspaces=["acme"]).token
    since = data_plane.get("/internal/v1/changes").json()["seq"]

    manager.workspaces.suspend("acme")
    manager.members.put("acme", user.id, role="Gamma")
    manager.users.update(user.id, email="ada@new.example.com")
    manager.tokens.revoke(token.id)
    manager.tokens.revoke(token.id)
    manager.gates.set_workspace(Gate.CHATBOT_ENABLED, "acme", on=False)
    manager.gates.set_mode(Gate.CHATBOT_ENABLED, GateMode.OFF)
    manager.keys.rotate()
    manager.members.remove("acme", user.id)
    manager.users.delete(user.id)
    manager.workspaces.delete("acme")
    answer = data_plane.get(f"/internal/v1/changes?since={since}").json()

    ids = [(c["kind"], c["workspace_id"], c["user_id"], c["token_id"]) for c in answer["changes"]]
    assert ids == [
        ("workspace", workspace.id, None, None),
        ("member", workspace.id, user.id, None),
        ("user", None, user.id, None),
        ("token", None, user.id, token.id),
        ("gate", workspace.id, None, None),
        ("gate", None, None, None),
        ("key", None, None, None),
        ("member", workspace.id, user.id, None),
        ("user", None, user.id, None),
        ("workspace", workspace.id, None, None),
    ]
    assert [c["seq"] for c in answer["changes"]] == list(range(since + 1, since + 11))
    assert (answer["seq"], answer["reset"]) == (since + 10, False)


def test_a_number_from_the_future_or_the_far_past_means_drop_everything(
    data_plane: Client, manager: Manager, monkeypatch
):
    monkeypatch.setattr(change_log, "BATCH", 20)
    make_member(manager)
    for _ in range(21):
        manager.gates.set_mode(Gate.CHATBOT_ENABLED, GateMode.OFF)

    reset = {"seq": 23, "reset": True, "changes": []}
    assert data_plane.get("/internal/v1/changes?since=24").json() == reset
    assert data_plane.get(f"/internal/v1/changes?since={2**63 - 1}").json() == reset
    assert data_plane.get("/internal/v1/changes?since=2").json() == reset
    assert len(data_plane.get("/internal/v1/changes?since=3").json()["changes"]) == 20
    assert data_plane.get(f"/internal/v1/changes?since={2**63}").status_code == 422


def test_old_changes_are_pruned_and_asking_for_them_means_drop_everything(manager: Manager):
    log = change_log.ChangeLog(manager.database, manager.changes.publisher, manager.changes.now, 10)
    for _ in range(30):
        with log.writing() as transaction:
            transaction.record("gate")
    kept = log.since(20)

    assert (kept.reset, [change.seq for change in kept.changes]) == (False, list(range(21, 31)))
    assert log.since(8).reset


def test_a_change_that_failed_is_not_logged(manager: Manager):
    make_member(manager)
    before = manager.changes.since(0)

    with contextlib.suppress(RuntimeError), manager.changes.writing() as transaction:
        transaction.record("gate")
        raise RuntimeError

    assert manager.changes.since(0) == before


def test_active_members_are_found_by_parts_of_their_names_and_addresses(
    data_plane: Client, manager: Manager
):
    _, ada = make_member(manager)
    _, eve = make_member(manager, "acme", "eve_1@example.com")
    _, gone = make_member(manager, "acme", "gone@example.com")
    make_member(manager, "globex", "grace@example.com")
    manager.users.update(ada.id, name="Ada Lovelace")
    manager.users.update(eve.id, name="Eve Ådahl")
    manager.users.update(gone.id, active=False)

    def found(**asked: object) -> list[str]:
        answer = data_plane.get("/internal/v1/workspaces/acme/members", params=asked)
        return [one["name"] for one in answer.json()]

    assert found() == ["Ada Lovelace", "Eve Ådahl"]
    assert found(search="LOVE ada") == ["Ada Lovelace"]
    assert found(search="Åd") == ["Eve Ådahl"]
    assert found(search="eve_") == ["Eve Ådahl"]
    assert found(search="a_a") == found(search="%") == found(search="grace") == []
    assert found(limit=1) == ["Ada Lovelace"]


def test_a_search_for_members_that_cannot_be_one_is_refused(data_plane: Client, manager: Manager):
    make_member(manager)
    path = "/internal/v1/workspaces/acme/members"

    for asked in ({"search": "\0"}, {"search": "x" * 201}, {"limit": 0}, {"limit": 51}):
        assert data_plane.get(path, params=asked).status_code == 422
    assert data_plane.get(path.replace("acme", "nowhere")).status_code == 404
