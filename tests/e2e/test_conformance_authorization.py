"""MCP's own conformance suite for authorization servers, with a person at a real browser."""

import json
import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from support.accounts import make_account
from support.browser import somebody
from support.deployment import Platform
from support.node import node_env, node_tool
from support.processes import RunningProcess, free_port, start_process

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(300)]

_TO_OPEN = re.compile(r"^https?://\S+[?&]code_challenge=\S+$", re.MULTILINE)


@pytest.fixture(scope="module")
def checks(
    sqlite_platform: Platform, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What became of each check, by its id."""
    home = tmp_path_factory.mktemp("conformance-authorization")
    account = make_account(sqlite_platform.manager, "acme")
    suite = start_suite(sqlite_platform.settings.issuer, home)
    try:
        with somebody(browser) as person:
            person.open(suite.wait_until(lambda: _url_to_open(suite), what="the URL to open"))
            person.sign_in(account.email, account.password)
            person.approve()
            suite.wait(60)
    finally:
        suite.stop()
    made = [
        one for file in home.glob("results/*/checks.json") for one in json.loads(file.read_text())
    ]
    return {check["id"]: check["status"] for check in made}


def start_suite(issuer: str, home: Path) -> RunningProcess:
    """Start the suite with a public client, which it needs to have been made."""
    port = free_port()
    metadata = {
        "client_name": "Conformance",
        "redirect_uris": [f"http://127.0.0.1:{port}/callback"],
        "token_endpoint_auth_method": "none",
    }
    made = httpx.post(f"{issuer}/register", json=metadata).raise_for_status().json()
    argv = node_tool(
        *("conformance", "authorization", "--url", issuer, "--resource", f"{issuer}/mcp"),
        *("--client-id", made["client_id"], "--port", str(port)),
        *("--output-dir", str(home / "results")),
    )
    return start_process(argv, log=home / "suite.log", env=node_env(home), cwd=home)


def _url_to_open(suite: RunningProcess) -> str | None:
    found = _TO_OPEN.search(suite.output())
    return found.group() if found else None


def test_every_check_of_every_scenario_was_made_and_passed(checks):
    assert checks == {
        "authorization-server-metadata": "SUCCESS",
        "authorization-server-metadata-cimd": "SUCCESS",
        "authorization-code-grant": "SUCCESS",
    }
