"""A member works in the pages of two workspaces, in real Chromium, from sign-in to sign-out."""

import pytest
from playwright.sync_api import expect

from support.deployment import read_tool
from support.desk import Desk

pytestmark = pytest.mark.timeout(180)

SECONDS = 2
"""How soon what the manager says must count in an open browser."""


def test_one_signs_in_once_and_both_workspaces_open(ada: Desk) -> None:
    ada.open("acme")
    ada.lands_at(f"{ada.platform.settings.issuer}/sign-in")
    ada.sign_in()
    ada.arrives("acme")

    assert ada.open("globex", "/dashboard/list/") == 200
    ada.arrives("globex")
    canaries = ada.platform.canaries
    expect(ada.page.get_by_text(f"Dashboard {canaries['globex']}")).to_be_visible()
    assert canaries["acme"] not in ada.page.content()
    assert ada.complaints == []


def test_a_page_that_one_was_sent_opens_after_signing_in(ada: Desk) -> None:
    ada.open("acme", "/superset/dashboard/main/")
    ada.sign_in()

    ada.arrives("acme", "/superset/dashboard/")
    canary = ada.platform.canaries["acme"]
    expect(ada.page.get_by_text(f"Chart {canary}")).to_be_visible()
    expect(ada.page.get_by_text(f"{canary}-0", exact=True)).to_be_visible()
    assert ada.complaints == []


def test_a_chart_built_by_hand_is_seen_from_mcp_whose_link_opens_it(ada: Desk) -> None:
    ada.open("acme", "/chart/add")
    ada.sign_in()
    name = f"By hand {ada.user_id}"
    ada.build_chart(name, dataset="facts", metric="count", dimension="region")

    token = ada.platform.token("acme", user_id=ada.user_id)
    filters = [{"col": "slice_name", "opr": "eq", "value": name}]
    listed = ada.platform.call("list_charts", {"request": {"filters": filters}}, token=token)
    (chart,) = read_tool(listed)["charts"]
    told = ada.platform.call(
        "get_chart_info", {"request": {"identifier": chart["id"]}}, token=token
    )
    link = read_tool(told)["url"]

    assert link.startswith(ada.url("acme", "/explore/"))
    ada.page.goto(link)
    expect(ada.part("editable-title-input")).to_have_value(name)
    expect(ada.part("row-count-label")).to_have_text("2 rows")
    assert ada.complaints == []


def test_the_switcher_names_the_workspace_and_leads_to_the_other(ada: Desk) -> None:
    ada.open("acme")
    ada.sign_in()
    ada.arrives("acme")
    expect(ada.switcher()).to_have_accessible_name("Workspace: acme")

    ada.switcher().click()
    ada.page.get_by_role("menuitem", name="globex").click()

    ada.arrives("globex")
    expect(ada.switcher()).to_have_accessible_name("Workspace: globex")
    assert ada.complaints == []


def test_sql_lab_runs_a_query(ada: Desk) -> None:
    ada.open("acme", "/sqllab/")
    ada.sign_in()
    ada.arrives("acme", "/sqllab/")

    ada.run_sql("SELECT word FROM facts WHERE id = 3")

    answer = f"{ada.platform.canaries['acme']}-3"
    expect(ada.page.get_by_role("gridcell", name=answer)).to_be_visible()
    assert ada.complaints == []


def test_a_new_role_shows_in_the_open_browser(ada: Desk) -> None:
    ada.open("acme")
    ada.sign_in()
    ada.arrives("acme")
    expect(ada.menu("SQL")).to_be_visible()

    ada.platform.manager.members.put("acme", ada.user_id, role="Gamma")

    ada.has_role_within(SECONDS, "Gamma")
    ada.page.reload()
    expect(ada.menu("Dashboards")).to_be_visible()
    expect(ada.menu("SQL")).to_have_count(0)


def test_who_is_removed_is_refused_in_the_open_browser_and_told_whom_to_ask(ada: Desk) -> None:
    ada.open("acme")
    ada.sign_in()
    ada.arrives("acme")

    ada.platform.manager.members.remove("acme", ada.user_id)

    ada.is_refused_within(SECONDS, status=403)
    assert ada.open("acme", "/superset/dashboard/main/") == 403
    assert "You are not a member of" in ada.person.reads()
    assert "an administrator of this workspace" in ada.person.reads()
    assert ada.open("globex", "/superset/dashboard/main/") == 200


def test_signing_out_in_one_workspace_ends_it_in_the_other(ada: Desk) -> None:
    ada.open("globex")
    ada.sign_in()
    ada.arrives("globex")
    ada.open("acme")
    ada.arrives("acme")
    assert ada.complaints == []

    ada.sign_out()

    ada.lands_at(f"{ada.platform.settings.issuer}/sign-in")
    ada.open("globex", "/superset/welcome/")
    ada.lands_at(f"{ada.platform.settings.issuer}/sign-in")
