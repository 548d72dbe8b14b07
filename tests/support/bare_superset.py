"""Bare Superset for comparison: its own `superset mcp run` on copies of a workspace's databases.

Nothing of Overset runs in it: Superset's own command, its own defaults, one process for each user
(`MCP_DEV_USERNAME` is all that bare Superset knows of who asks).
"""

import contextlib
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import load_keys
from overset.tenancy.locations import metadata_file, superset_secret_key
from support.deployment import Platform, read_rpc
from support.processes import RunningProcess, free_port, is_listening, start_process

_START_SECONDS = 120
_CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = {metadata!r}
MCP_DEV_USERNAME = {user!r}
SUPERSET_WEBSERVER_ADDRESS = {origin!r}
WEBDRIVER_BASEURL_USER_FRIENDLY = {origin!r} + "/"
"""


@dataclass(frozen=True, slots=True)
class BareSuperset:
    """Superset's own MCP service, where everybody is one user."""

    url: str

    def post(self, body: Any, *, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send one raw HTTP request, with the headers that it insists on."""
        wanted = {"Accept": "application/json, text/event-stream"}
        return httpx.post(self.url, json=body, headers={**wanted, **(headers or {})}, timeout=60)

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """Return the JSON-RPC answer to one message."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = self.post(body)
        assert response.status_code == 200, response.text
        return read_rpc(response)


@contextlib.contextmanager
def running_bare(
    platform: Platform, *, workspace: str, users: Sequence[str]
) -> Iterator[list[BareSuperset]]:
    """Run bare Superset once for each of `users` while the block lasts, all started at once.

    Each has a copy of the workspace's metadata as it is now, and the same data source.
    """
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bare-superset-")))
        started = []
        for number, user in enumerate(users):
            home = folder / str(number)
            home.mkdir(mode=0o700)
            port = free_port()
            process = _start(platform, workspace, user=user, home=home, port=port)
            exits.callback(process.stop)
            started.append((process, port))
        for process, port in started:
            process.wait_until(lambda port=port: is_listening(port), _START_SECONDS)
        yield [BareSuperset(f"http://127.0.0.1:{port}/mcp") for _, port in started]


def _start(
    platform: Platform, workspace: str, *, user: str, home: Path, port: int
) -> RunningProcess:
    settings = platform.settings
    workspace_id = WorkspaceId(platform.manager.workspaces.get(workspace).id)
    _copy_database(metadata_file(settings, workspace_id), home / "metadata.db")
    config = home / "superset_config.py"
    config.touch(mode=0o600)
    config.write_text(
        _CONFIG.format(
            secret=superset_secret_key(load_keys(settings), workspace_id),
            metadata=f"sqlite:///{home / 'metadata.db'}",
            user=user,
            origin=settings.workspace_origin(workspace),
        )
    )
    return start_process(
        [Path(sys.executable).parent / "superset", "mcp", "run", "--port", str(port)],
        log=home / "server.log",
        env={
            "SUPERSET_CONFIG": "superset.config",
            "SUPERSET_CONFIG_PATH": str(config),
            "SUPERSET_HOME": str(home),
            "FASTMCP_CHECK_FOR_UPDATES": "off",
            "FASTMCP_SHOW_SERVER_BANNER": "false",
            "GITHUB_REF_NAME": "release",
        },
        cwd=home,
    )


def _copy_database(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as read,
        contextlib.closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)


def seed(platform: Platform, script: Path, given: Any) -> None:
    """Run a script of the tests in a process of its own, with Overset's binding to fill rows."""
    home = platform.settings.home
    process = start_process(
        [sys.executable, "-P", script, json.dumps(given)],
        log=home / f"{script.stem}.log",
        env={**platform.environment, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.wait(120) == 0, process.output()
