"""Rows 1 to 4 at MCP's doors: no key of one workspace opens the other, however it is presented."""

import pytest

from support.attack import Side, make_attacker, make_shared_user, make_sides
from support.deployment import Platform

_LIST = {"name": "list_dashboards", "arguments": {"request": {}}}


def _knock(side: Side, **sent: object) -> tuple[int, str]:
    """Try to list dashboards; nothing of the other may be in the answer, whatever it is."""
    response = side.send("tools/call", _LIST, **sent)
    return response.status_code, response.text


@pytest.fixture
def acme(platform: Platform) -> Side:
    return make_attacker(platform)


def test_row_01_a_token_is_refused_at_the_others_host(acme: Side) -> None:
    assert _knock(acme, host="acme.localhost")[0] == 200
    status, _ = _knock(acme, host="globex.localhost")
    assert status == 401


@pytest.mark.parametrize("by", ["slug", "id"])
def test_row_01_the_neutral_door_does_not_know_the_others_name(acme: Side, by: str) -> None:
    globex = acme.platform.manager.workspaces.get("globex")
    name = globex.slug if by == "slug" else globex.id
    refused = acme.send("tools/call", _LIST, headers={"X-Workspace-Id": name})
    unknown = acme.send("tools/call", _LIST, headers={"X-Workspace-Id": "no-such-one"})
    assert refused.status_code == unknown.status_code == 404
    told = [{**one.json(), "request_id": ""} for one in (refused, unknown)]
    assert told[0] == told[1]


# What a client might send to be taken for another workspace's; with what it must come to.
TRICKS: dict[str, tuple[dict[str, str], int]] = {
    "capitals": ({"X-Workspace-Id": "GLOBEX"}, 404),
    "a tab": ({"X-Workspace-Id": "acme\tglobex"}, 404),
    "own first": ({"X-Workspace-Id": "acme,globex"}, 404),
    "other first": ({"X-Workspace-Id": "globex, acme"}, 404),
    "a path": ({"X-Workspace-Id": "acme/../globex"}, 404),
    "an escape": ({"X-Workspace-Id": "%67lobex"}, 404),
    "a URL": ({"X-Workspace-Id": "http://globex.localhost/mcp"}, 404),
    "forwarded host": ({"X-Forwarded-Host": "globex.localhost"}, 200),
    "forwarded": ({"Forwarded": "host=globex.localhost"}, 200),
    "original host": ({"X-Original-Host": "globex.localhost", "X-Host": "globex.localhost"}, 200),
    "original URL": ({"X-Original-URL": "http://globex.localhost/mcp"}, 200),
    "cookies": ({"Cookie": "session=x; workspace=globex; X-Workspace-Id=globex"}, 200),
    "other headers": (
        {"Workspace-Id": "globex", "X-Workspace": "globex", "X-Tenant": "globex"},
        200,
    ),
    "underscores": ({"X_Workspace_Id": "globex"}, 200),
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_row_01_no_header_moves_a_token_to_the_other_workspace(
    acme: Side, trick: tuple[dict[str, str], int]
) -> None:
    headers, expected = trick
    status, text = _knock(acme, headers=headers)
    assert status == expected, text
    assert (acme.canary in text) is (expected == 200)


def test_row_01_two_locators_that_disagree_open_neither(acme: Side) -> None:
    for host, named in (("acme.localhost", "globex"), ("globex.localhost", "acme")):
        status, _ = _knock(acme, host=host, headers={"X-Workspace-Id": named})
        assert status == 400


@pytest.mark.parametrize(
    "path",
    ["/mcp?workspace=globex", "/mcp?X-Workspace-Id=globex", "/mcp/../globex/mcp", "/mcp/globex"],
)
def test_row_01_no_path_moves_a_token_to_the_other_workspace(acme: Side, path: str) -> None:
    status, text = _knock(acme, path=path)
    assert (status == 200) is (acme.canary in text)


def test_row_01_a_token_in_the_query_or_a_cookie_is_none(acme: Side) -> None:
    for sent in (
        {"path": f"/mcp?access_token={acme.token}"},
        {"headers": {"Cookie": f"access_token={acme.token}; session={acme.token}"}},
        {"headers": {"X-Access-Token": acme.token, "X-API-Key": acme.token}},
    ):
        assert _knock(acme, token=None, **sent)[0] in {400, 401}


def test_row_01_a_token_for_both_sees_each_at_its_own_door(platform: Platform) -> None:
    for side in make_shared_user(platform):
        for sent in ({"host": side.host}, {"headers": {"X-Workspace-Id": side.slug}}):
            status, text = _knock(side, **sent)
            assert status == 200
            assert side.canary in text
        assert _knock(side)[0] == 400


def test_row_01_a_token_for_one_is_refused_at_the_other_even_for_a_member_of_both(
    platform: Platform,
) -> None:
    acme, _ = make_shared_user(platform)
    acme.foreign = acme.foreign[:1]  # the address that is refused names itself
    acme.token = platform.token("acme", user_id=acme.user_id)
    assert _knock(acme)[0] == 200
    assert _knock(acme, host="globex.localhost")[0] == 401
    assert _knock(acme, headers={"X-Workspace-Id": "globex"})[0] == 404


def test_row_01_ids_of_the_other_workspaces_things_mean_the_own_or_nothing(
    platform: Platform,
) -> None:
    acme, globex = make_sides(platform)
    for table, tool in (("slices", "get_chart_info"), ("dashboards", "get_dashboard_info")):
        for row in globex.execute(f"SELECT uuid FROM {table}"):
            uuid = row.uuid.hex() if isinstance(row.uuid, bytes) else str(row.uuid)
            own = {str(found.uuid) for found in acme.execute(f"SELECT uuid FROM {table}")}
            assert str(row.uuid) not in own
            assert acme.ask(tool, identifier=uuid).failed


def test_row_19_a_key_of_unsaved_state_is_unknown_in_the_other_workspace(
    platform: Platform,
) -> None:
    acme, globex = make_sides(platform)
    config = {"chart_type": "table", "columns": [{"name": "word"}]}
    link = globex.ask("generate_explore_link", dataset_id=1, config=config)
    key = link.body["form_data_key"]
    assert globex.ask("update_chart_preview", form_data_key=key, dataset_id=1, config=config)
    for tool in ("get_chart_data", "get_chart_preview"):
        assert acme.ask(tool, form_data_key=key).failed


def test_row_01_a_token_that_just_worked_at_home_does_not_work_elsewhere(
    platform: Platform,
) -> None:
    acme, globex = make_shared_user(platform)
    token = platform.token("acme", user_id=acme.user_id)
    assert _knock(acme, token=token)[0] == 200
    assert _knock(globex, token=token, host=globex.host)[0] == 401
