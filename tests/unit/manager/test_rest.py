"""The REST API: every noun through HTTP, pages, problems."""

import json

from overset.flags.gates import Gate
from overset.manager.app import create_app
from overset.manager.services import Manager
from overset.manager.users.model import User
from support.manager import Client, make_member, make_settings


def _create(api: Client, path: str, **body) -> dict:
    answer = api.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def _problem(answer) -> tuple[int, str]:
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(body)
    assert (body["type"], body["status"]) == ("about:blank", answer.status_code)
    assert body["request_id"] == answer.headers["X-Request-Id"]
    return answer.status_code, body["code"]


def test_a_team_lives_and_dies(api: Client):
    team = _create(api, "teams", slug="sales", name=" Sales ")

    assert team == {"id": team["id"], "slug": "sales", "name": "Sales"}
    assert api.get("/api/v1/teams/sales").json() == team
    assert api.get(f"/api/v1/teams/{team['id']}").json() == team
    renamed = api.patch("/api/v1/teams/sales", json={"name": "Sales & more"}).json()
    assert renamed == {**team, "name": "Sales & more"}
    assert api.delete("/api/v1/teams/sales").status_code == 204
    assert _problem(api.get("/api/v1/teams/sales")) == (404, "team_unknown")
    assert _problem(api.delete("/api/v1/teams/sales")) == (404, "team_unknown")


def test_a_team_s_slug_is_taken_once(api: Client):
    _create(api, "teams", slug="sales", name="Sales")
    answer = api.post("/api/v1/teams", json={"slug": "sales", "name": "Others"})

    assert _problem(answer) == (409, "team_exists")


def test_a_user_keeps_the_id_through_every_change(api: Client):
    user = _create(api, "users", email="Ada@Example.com")
    path = f"/api/v1/users/{user['id']}"

    assert (user["email"], user["name"]) == ("Ada@Example.com", "Ada")
    assert (user["active"], user["operator"]) == (True, False)
    changed = api.patch(path, json={"email": "ada@new.example.com", "active": False}).json()
    assert changed == {**user, "email": "ada@new.example.com", "active": False}
    assert api.get(path).json() == changed
    assert api.patch(path, json={}).json() == changed
    assert api.delete(path).status_code == 204
    assert _problem(api.get(path)) == (404, "user_unknown")
    assert _problem(api.patch(path, json={"name": "Ghost"})) == (404, "user_unknown")


def test_an_address_is_taken_once_in_whatever_capitals(api: Client):
    ada = _create(api, "users", email="ada@example.com")
    eve = _create(api, "users", email="eve@example.com")

    again = api.post("/api/v1/users", json={"email": " ADA@example.COM "})
    assert _problem(again) == (409, "user_exists")
    takeover = api.patch(f"/api/v1/users/{eve['id']}", json={"email": "Ada@example.com"})
    assert _problem(takeover) == (409, "user_exists")
    own = api.patch(f"/api/v1/users/{ada['id']}", json={"email": "ADA@example.com"})
    assert own.json()["email"] == "ADA@example.com"


def test_a_workspace_is_made_suspended_resumed_and_deleted(api: Client):
    team = _create(api, "teams", slug="demo", name="Demo")
    workspace = _create(api, "workspaces", slug="acme", name="Acme", team="demo")
    path = "/api/v1/workspaces/acme"

    assert (workspace["state"], workspace["team_id"]) == ("active", team["id"])
    assert api.post(f"{path}/suspend").json()["state"] == "suspended"
    assert api.post(f"{path}/suspend").json()["state"] == "suspended"
    assert api.post(f"{path}/resume").json() == workspace
    assert api.patch(path, json={"name": "Acme Inc."}).json()["name"] == "Acme Inc."
    assert _problem(api.post("/api/v1/workspaces", json={"slug": "acme", "team": "demo"})) == (
        409,
        "workspace_exists",
    )
    assert api.delete(path).status_code == 204
    assert _problem(api.get(path)) == (404, "workspace_unknown")
    assert _problem(api.post(f"{path}/suspend")) == (404, "workspace_unknown")


def test_workspaces_are_listed_by_team(api: Client):
    for team in ("one", "two"):
        _create(api, "teams", slug=team, name=team)
        _create(api, "workspaces", slug=f"of-{team}", team=team)

    def slugs(query: str) -> list[str]:
        return [item["slug"] for item in api.get(f"/api/v1/workspaces{query}").json()["items"]]

    assert slugs("") == ["of-one", "of-two"]
    assert slugs("?team=two") == ["of-two"]
    assert _problem(api.get("/api/v1/workspaces?team=none")) == (404, "team_unknown")


def test_members_come_change_and_go(api: Client, manager: Manager):
    make_member(manager, "globex", "ada@example.com")
    _, eve = make_member(manager, "acme", "eve@example.com", role="Gamma")
    path = f"/api/v1/workspaces/acme/members/{eve.id}"

    assert api.get(path).json()["role"] == "Gamma"
    assert api.put(path, json={"role": "Alpha"}).json()["role"] == "Alpha"
    members = api.get("/api/v1/workspaces/acme/members").json()["items"]
    assert [(member["email"], member["role"]) for member in members] == [
        ("eve@example.com", "Alpha")
    ]
    assert api.delete(path).status_code == 204
    assert _problem(api.delete(path)) == (404, "member_unknown")
    assert _problem(api.get(path)) == (404, "member_unknown")


def test_a_member_of_one_workspace_is_not_reached_through_another(api: Client, manager: Manager):
    make_member(manager, "acme", "ada@example.com")
    _, eve = make_member(manager, "globex", "eve@example.com")

    wrong = f"/api/v1/workspaces/acme/members/{eve.id}"
    assert _problem(api.get(wrong)) == (404, "member_unknown")
    assert _problem(api.delete(wrong)) == (404, "member_unknown")
    assert manager.members.find("globex", eve.id) is not None


def test_a_role_is_a_printable_name(api: Client, manager: Manager):
    _, user = make_member(manager)
    path = f"/api/v1/workspaces/acme/members/{user.id}"

    for role in ("", "  ", "a" * 101, "Ad\u0007min", "Ad\nmin", "Admin\x00"):
        assert api.put(path, json={"role": role}).status_code in {400, 422}, role
    assert api.put(path, json={"role": " Sales team\n"}).json()["role"] == "Sales team"


def test_tokens_are_issued_listed_and_revoked(api: Client, manager: Manager):
    _, user = make_member(manager)
    answer = api.post(
        "/api/v1/tokens",
        json={"user_id": user.id, "workspaces": ["acme"], "scope": "sql:run", "ttl_seconds": 60},
    )
    issued = answer.json()
    token = issued["token"]

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert issued["value"].count(".") == 2
    assert (token["scope"], token["audience"]) == ("sql:run", ["http://acme.localhost:8088/mcp"])
    assert api.get(f"/api/v1/tokens?user_id={user.id}").json()["items"] == [token]
    assert issued["value"] not in api.get("/api/v1/tokens").text
    revoked = api.delete(f"/api/v1/tokens/{token['id']}").json()
    assert revoked["revoked_at"] is not None
    assert api.get(f"/api/v1/tokens/{token['id']}").json() == revoked
    assert api.delete(f"/api/v1/tokens/{token['id']}").json() == revoked
    assert _problem(api.delete("/api/v1/tokens/tok_none")) == (404, "token_unknown")


def test_a_token_that_nobody_should_have_is_not_issued(api: Client, manager: Manager):
    make_member(manager, "globex", "eve@example.com")
    _, user = make_member(manager)
    wrong = [
        ({"scope": "sql:drop"}, (400, "scope_unknown")),
        ({"scope": "manager:write"}, (400, "scope_invalid")),
        ({"workspaces": ["nowhere"]}, (404, "workspace_unknown")),
        ({"workspaces": ["acme", "globex"]}, (403, "not_a_member")),
        ({"workspaces": []}, (403, "not_an_operator")),
        ({"user_id": "usr_none"}, (404, "user_unknown")),
        ({"ttl_seconds": 90 * 86400 + 1}, (422, "validation_failed")),
        ({"ttl_seconds": 0}, (422, "validation_failed")),
        ({"client_id": "usr_ada"}, (400, "client_id_invalid")),
    ]

    for body, expected in wrong:
        asked = {"user_id": user.id, "workspaces": ["acme"], **body}
        assert _problem(api.post("/api/v1/tokens", json=asked)) == expected, body


def test_gates_are_set_for_all_and_for_one(api: Client, manager: Manager):
    workspace, _ = make_member(manager)
    gates = api.get("/api/v1/gates").json()["items"]

    assert [gate["name"] for gate in gates] == list(Gate)
    assert all(gate["default"] and gate["mode"] is None for gate in gates)
    path = "/api/v1/gates/CHATBOT_ENABLED"
    assert api.put(path, json={"mode": "allow-list"}).json()["mode"] == "allow-list"
    of_acme = f"{path}/workspaces/acme"
    assert api.put(of_acme, json={"on": True}).json()["workspaces"] == {workspace.id: True}
    assert api.get(path).json()["workspaces"] == {workspace.id: True}
    assert api.delete(of_acme).json()["workspaces"] == {}
    assert _problem(api.get("/api/v1/gates/NONE")) == (404, "gate_unknown")
    assert _problem(api.put(f"{path}/workspaces/none", json={"on": True})) == (
        404,
        "workspace_unknown",
    )
    assert _problem(api.put(path, json={"mode": "maybe"})) == (422, "validation_failed")


def test_keys_are_rotated_and_their_private_parts_never_told(api: Client):
    first = api.get("/api/v1/keys").json()["items"]
    rotated = api.post("/api/v1/keys/rotate")
    both = api.get("/api/v1/keys").json()["items"]

    assert rotated.status_code == 201
    assert [key["kid"] for key in both] == [first[0]["kid"], rotated.json()["kid"]]
    assert "private" not in json.dumps(both)
    assert all("d" not in key["public_jwk"] for key in both)
    assert api.post("/api/v1/keys/rotate", json={"at_once": True}).status_code == 201
    assert _problem(api.delete("/api/v1/keys/none")) == (404, "key_unknown")


def test_lists_come_in_pages_without_gaps(api: Client, manager: Manager):
    for number in range(7):
        manager.teams.create(f"team-{number}", name="Team")
    seen, path = [], "/api/v1/teams?limit=3"
    while path:
        page = api.get(path).json()
        seen.append([item["slug"] for item in page["items"]])
        path = page["next"] and f"/api/v1/teams?limit=3&cursor={page['next']}"

    assert seen == [
        ["team-0", "team-1", "team-2"],
        ["team-3", "team-4", "team-5"],
        ["team-6"],
    ]


def test_a_made_up_cursor_is_refused(api: Client):
    made_up = ("x", "%00", "W10", "WzFd", "WyJhIiwiYiIsImMiXQ", "bnVsbA", "WyJcdTAwMDAiXQ", "ü")
    for cursor in (*made_up, "W" * 1999):
        for noun in ("teams", "users", "workspaces", "tokens"):
            answer = api.get(f"/api/v1/{noun}?cursor={cursor}")
            assert _problem(answer) == (400, "cursor_invalid"), (noun, cursor)


def test_a_limit_is_a_small_number(api: Client):
    for limit in ("0", "201", "-1", "x", "1e3"):
        answer = api.get(f"/api/v1/teams?limit={limit}")
        assert _problem(answer) == (422, "validation_failed"), limit


def test_all_wrong_fields_are_named_and_none_is_echoed(api: Client):
    body = {"user_id": "", "ttl_seconds": "hunter2", "workspaces": [1]}
    answer = api.post("/api/v1/tokens", json=body)

    assert _problem(answer) == (422, "validation_failed")
    locations = [error["location"] for error in answer.json()["errors"]]
    assert locations == [["body", "user_id"], ["body", "workspaces", 0], ["body", "ttl_seconds"]]
    assert "hunter2" not in answer.text


def test_a_malformed_body_is_the_sender_s_mistake(api: Client):
    lone_surrogate = b'{"slug": "\\ud800", "name": "n"}'
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b"[]", b"null", b"\xff", lone_surrogate, b"[" * 100_000):
        answer = api.post("/api/v1/teams", content=body, headers=headers)
        assert _problem(answer)[0] in {400, 422}, body[:40]


def test_an_odd_path_finds_nothing_and_breaks_nothing(api: Client):
    for path in ("teams/a%00b", "users/%ff", "workspaces/a%20b", "tokens/%0a", "gates/%f0%9f"):
        assert _problem(api.get(f"/api/v1/{path}"))[0] in {404, 422}, path


def test_a_path_or_method_that_is_not_there_is_a_problem_too(api: Client):
    assert _problem(api.get("/nowhere")) == (404, "not_found")
    assert _problem(api.request("TRACE", "/api/v1/teams")) == (405, "method_not_allowed")


def test_a_harmless_request_id_is_kept_and_an_odd_one_replaced(anybody: Client):
    def answered(given: str) -> str:
        return anybody.get("/health/live", headers={"X-Request-Id": given}).headers["X-Request-Id"]

    assert answered("req_abc-1.2") == "req_abc-1.2"
    for odd in ("a b", "a" * 65, 'x"y', ""):
        assert answered(odd).startswith("req_")


def test_a_bug_is_a_problem_without_its_cause(api: Client, manager: Manager, monkeypatch):
    def explode(*_, **__):
        raise KeyError("postgresql://user:secret@host")

    monkeypatch.setattr(type(manager.teams), "page", explode)
    answer = api.get("/api/v1/teams")

    assert _problem(answer) == (500, "internal_error")
    assert "secret" not in answer.text


def test_a_large_body_is_not_read(tmp_path, manager: Manager):
    app = create_app(make_settings(tmp_path, max_body_bytes=1024), services=manager)
    client = Client(app)

    async def chunks():
        for _ in range(3):
            yield b"x" * 512

    fits = client.post("/internal/v1/access", content=b"x" * 1024)
    assert fits.status_code in {401, 422}
    assert _problem(client.post("/internal/v1/access", content=b"x" * 1025)) == (
        413,
        "body_too_large",
    )
    assert _problem(client.post("/internal/v1/access", content=chunks())) == (
        413,
        "body_too_large",
    )


def test_operators_are_made_through_the_api(api: Client, anybody: Client, operator: User):
    other = _create(api, "users", email="boss@example.com", operator=True)
    issued = _create(api, "tokens", user_id=other["id"])

    assert Client(anybody.app, issued["value"]).get("/api/v1/users").status_code == 200
