"""MCP's own conformance suite, run against `overset up` as any client would reach it."""

import json
import re
from pathlib import Path

import pytest

from support.node import bearer_env, run_node_tool
from support.up import Up

REVISION = "2025-11-25"
EXPECTED = Path(__file__).parent / "expected-conformance-failures.json"

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(600)]

_FOLDER = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z")


@pytest.fixture(scope="module")
def checks(up: Up, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """What became of each check, as `scenario/check`; a check may run several times."""
    home = tmp_path_factory.mktemp("conformance")
    done = run_node_tool(
        *("conformance", "server", "--url", up.url, "--requirements", REVISION),
        *("--output-dir", str(home / "results")),
        home=home,
        env=bearer_env(origin=up.url.removesuffix("/mcp"), token=up.token("acme")),
        timeout=240,
    )
    assert "=== SUMMARY ===" in done.stdout, done.stdout + done.stderr
    found: dict[str, set[str]] = {}
    for file in (home / "results").glob("*/checks.json"):
        name = _FOLDER.fullmatch(file.parent.name)
        assert name, file
        for check in json.loads(file.read_text()):
            found.setdefault(f"{name['scenario']}/{check['id']}", set()).add(check["status"])
    return found


def expected() -> dict[str, str]:
    return json.loads(EXPECTED.read_text())


def failed(checks: dict[str, set[str]]) -> set[str]:
    return {name for name, states in checks.items() if "FAILURE" in states}


def test_the_platform_fails_no_check_that_it_is_not_known_to_fail(checks):
    assert failed(checks) - set(expected()) == set()


def test_every_failure_that_is_expected_still_happens(checks):
    assert set(expected()) - failed(checks) == set()


def test_every_expected_failure_has_its_reason():
    assert [name for name, reason in expected().items() if len(reason.split()) < 5] == []


@pytest.mark.parametrize(
    "check",
    [
        "dns-rebinding-protection/localhost-host-rebinding-rejected",
        "dns-rebinding-protection/localhost-host-valid-accepted",
        "logging-set-level/logging-set-level",
        "ping/ping",
        "prompts-list/prompts-list",
        "resources-list/resources-list",
        "server-initialize/server-initialize",
        "tools-call-simple-text/tools-call-simple-text",
        "tools-list/tools-list",
        "tools-list/tools-name-format",
    ],
)
def test_a_check_that_matters_was_really_made_and_passed(checks, check):
    assert checks[check] == {"SUCCESS"}
