"""`overset up` on a fresh home: what it prints works as pasted; it stops and starts again."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from playwright.sync_api import expect

from support.browser import running_browser, somebody
from support.deployment import read_rpc, read_tool
from support.node import node_env
from support.processes import free_port
from support.up import DASHBOARDS, OVERSET, Up, is_up, start

CHARTS = {"acme": 6, "globex": 5}
"""How many charts the first tab of each workspace's dashboard has."""

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(600)]


def test_the_printed_curl_line_lists_each_workspaces_own_dashboards(up: Up) -> None:
    answers = [up.paste(line).stdout for line in up.lines("curl ")]

    assert len(answers) == len(DASHBOARDS)
    for slug, answer in zip(DASHBOARDS, answers, strict=True):
        assert DASHBOARDS[slug] in answer
        assert not any(title in answer for other, title in DASHBOARDS.items() if other != slug)


def test_the_printed_claude_code_line_connects(up: Up) -> None:
    added = [up.paste(line) for line in up.lines("claude mcp add")]
    listed = up.paste("claude mcp list").stdout

    assert [one.returncode for one in added] == [0, 0]
    for slug in DASHBOARDS:
        assert re.search(rf"{slug}: .*Connected", listed), listed


def test_the_printed_claude_desktop_entry_connects_through_mcp_remote(up: Up) -> None:
    for slug, line in zip(DASHBOARDS, up.lines('{"mcpServers"'), strict=True):
        server = json.loads(line)["mcpServers"][slug]
        # `npx` itself comes with Node, which somebody with Claude Desktop has installed.
        npx = shutil.which("npx")
        assert npx
        assert server["command"] == "npx"
        found = asyncio.run(_titles(npx, server["args"], {**node_env(up.clients), **server["env"]}))

        assert DASHBOARDS[slug] in found


async def _titles(command: str, args: list[str], env: dict[str, str]) -> set[str]:
    env["PATH"] = f"{Path(command).parent}:{env['PATH']}"
    async with Client(StdioTransport(command, args, env=env), timeout=90) as client:
        result = await client.call_tool("call_tool", {"name": "list_dashboards"})
    return {one["dashboard_title"] for one in json.loads(result.content[0].text)["dashboards"]}


def test_the_demonstration_has_people_with_different_roles(up: Up) -> None:
    told = overset("member", "list", "acme", "--json", home=up.home)

    assert {member["role"] for member in json.loads(told)} == {"Admin", "Alpha", "Gamma"}


def test_a_token_for_each_of_them_is_one_command_away(up: Up) -> None:
    token = overset(
        *("token", "issue", "--user", "linus@example.com", "--workspace", "acme"), home=up.home
    ).removesuffix("\n")

    answer = httpx.post(
        f"http://localhost:{up.port}/mcp",
        headers={"Authorization": f"Bearer {token}"},
        json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "list_charts"}},
    )

    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token)
    assert read_tool(read_rpc(answer))["charts"]


def test_the_printed_operator_signs_in_and_is_a_member_of_both_workspaces(up: Up) -> None:
    url, email, password = printed_operator(up)
    with httpx.Client(base_url=url) as http:
        csrf = re.search(r'name="csrf" value="([^"]+)"', http.get("/sign-in").text)
        assert csrf
        form = {"email": email, "password": password, "csrf": csrf[1]}
        arrived = http.post("/sign-in", data=form, headers={"Origin": url})
        account = http.get("/account")

    assert (arrived.status_code, arrived.headers["Location"]) == (303, "/account")
    assert "Operator of the platform" in account.text
    for slug in DASHBOARDS:
        assert email in overset("member", "list", slug, "--json", home=up.home)
    assert password not in (up.home / "logs" / "overset.log").read_text()


def test_the_printed_pages_show_the_operator_each_workspaces_dashboard_with_its_charts(
    up: Up,
) -> None:
    _, email, password = printed_operator(up)
    pages = [line.rpartition(" ")[2] for line in up.lines("Superset of ")]
    with running_browser() as browser, somebody(browser) as person:
        person.open(pages[0])
        person.sign_in(email, password)
        for page, (slug, title) in zip(pages, DASHBOARDS.items(), strict=True):
            assert page == f"http://{slug}.localhost:{up.port}"
            person.open(page + "/dashboard/list/")
            person.page.get_by_role("link", name=title).click()
            charts = person.page.locator('[data-test="chart-container"]')
            drawn = charts.filter(has=person.page.locator("canvas, table"))
            expect(drawn).to_have_count(CHARTS[slug], timeout=30_000)
            expect(person.page.get_by_text("Unexpected error")).to_have_count(0)


def test_a_second_start_on_the_same_home_is_refused(up: Up, tmp_path: Path) -> None:
    second = start(up.home, free_port(), log=tmp_path / "log")

    assert second.wait(30) == 1
    assert "another `overset up` serves" in second.output()
    assert is_serving(up.port)


def test_a_second_start_on_the_same_port_is_refused(up: Up, tmp_path: Path) -> None:
    second = start(tmp_path / "home", up.port, log=tmp_path / "log", options=("--no-demo",))

    assert second.wait(30) == 1
    assert "--port" in second.output()
    assert is_serving(up.port)


def test_secrets_are_files_that_only_their_owner_reads(up: Up) -> None:
    kept = [up.home / "master.key", up.home / "manager.db", *up.home.glob("connect/*")]
    kept += [*up.home.glob("workspaces/*.db"), *up.home.glob("templates/*.db")]

    modes = {path: path.stat().st_mode & 0o077 for path in kept}
    reachable = up.home.stat().st_mode & 0o077
    assert not reachable
    assert not any(mode for path, mode in modes.items() if path.suffix in {".key", ".header"})


def test_no_token_is_in_the_log(up: Up) -> None:
    log = (up.home / "logs" / "overset.log").read_text()

    assert '"event": "request"' in log
    assert "eyJ" not in log


def test_ctrl_c_stops_it_cleanly_and_a_second_start_finds_everything(up: Up) -> None:
    before = overset("workspace", "list", "--json", home=up.home)
    up.process.interrupt()

    assert up.process.wait(30) == 0
    assert up.process.output().rstrip().endswith("Stopped.")

    again = start(up.home, up.port, log=up.home.parent / "again.log")
    try:
        again.wait_until(lambda: is_up(again), 120)
        found = Up(again, up.home, up.port, up.clients)

        assert overset("workspace", "list", "--json", home=up.home) == before
        assert DASHBOARDS["acme"] in found.paste(found.lines("curl ")[0]).stdout
        assert "Preparing" not in again.output()
        assert "Loading" not in again.output()
        assert "Password: " not in again.output()
        assert "overset user password operator@example.com" in again.output()
    finally:
        again.stop()


def printed_operator(up: Up) -> tuple[str, ...]:
    told = re.search(
        r"^Sign in: (\S+) as (\S+)\nPassword: (\S+)", up.process.output(), re.MULTILINE
    )
    assert told
    return told.groups()


def is_serving(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://localhost:{port}/health/ready").is_success
    return False


def overset(*args: str, home: Path) -> str:
    done = subprocess.run(
        [OVERSET, *args, "--home", home],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    return done.stdout
