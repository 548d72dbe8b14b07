"""Bare Superset for comparison: its own `superset mcp run` on copies of a workspace's databases.

Nothing of Overset runs in it: Superset's own command, its own defaults, one process for each user
(`MCP_DEV_USERNAME` is all that bare Superset knows of who asks).
"""

import contextlib
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import load_keys
from overset.tenancy.locations import metadata_file, superset_secret_key
from support.deployment import Platform, read_rpc
from support.processes import RunningProcess, free_port, is_listening, start_process

COMMAND = Path(sys.executable).parent / "superset"
"""Superset's own command."""

CopyMetadata = Callable[[Platform, str, Path], str]
"""Copies a workspace's metadata, perhaps into a folder, and returns the URL of the copy."""

_START_SECONDS = 120
# Overset answers so too; and a test need not wait for the `git` that is asked otherwise.
_LIKE_OVERSET = {"GITHUB_REF_NAME": "release"}
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
    process: RunningProcess = field(repr=False)

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


def copy_file(platform: Platform, workspace: str, folder: Path) -> str:
    """Copy a workspace's SQLite metadata, which may be in use, into a folder; return its URL."""
    source = metadata_file(platform.settings, _find_id(platform, workspace))
    copy = folder / "metadata.db"
    with (
        contextlib.closing(sqlite3.connect(source)) as read,
        contextlib.closing(sqlite3.connect(copy)) as written,
    ):
        read.backup(written)
    return f"sqlite:///{copy}"


@contextlib.contextmanager
def running_bare(
    platform: Platform,
    *,
    workspace: str,
    users: Sequence[str],
    copy: CopyMetadata = copy_file,
    config: str = "",
    environment: Mapping[str, str] = _LIKE_OVERSET,
) -> Iterator[list[BareSuperset]]:
    """Run bare Superset once for each of `users` while the block lasts, all started at once.

    Each has a copy of the workspace's metadata as it is now, and the same data source. `config` is
    Python that its configuration has besides.
    """
    with contextlib.ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="bare-superset-")))
        started = []
        for number, user in enumerate(users):
            home = folder / str(number)
            home.mkdir(mode=0o700)
            metadata = copy(platform, workspace, home)
            found = configure(platform, workspace, user=user, home=home, metadata=metadata)
            with Path(found["SUPERSET_CONFIG_PATH"]).open("a", encoding="utf-8") as file:
                file.write(config)
            port = free_port()
            process = start_process(
                [COMMAND, "mcp", "run", "--port", str(port)],
                log=home / "server.log",
                env={**found, **environment},
                cwd=home,
            )
            exits.callback(process.stop)
            started.append((process, port))
        for process, port in started:
            process.wait_until(lambda port=port: is_listening(port), _START_SECONDS)
        yield [BareSuperset(f"http://127.0.0.1:{port}/mcp", process) for process, port in started]


def configure(
    platform: Platform, workspace: str, *, user: str, home: Path, metadata: str
) -> dict[str, str]:
    """Write bare Superset's configuration and return the environment of its commands.

    Its keys are the workspace's, so that it can read a copy of the workspace's metadata.
    """
    keys = load_keys(platform.settings)
    config = home / "superset_config.py"
    config.touch(mode=0o600)
    config.write_text(
        _CONFIG.format(
            secret=superset_secret_key(keys, _find_id(platform, workspace)),
            metadata=metadata,
            user=user,
            origin=platform.settings.workspace_origin(workspace),
        )
    )
    return {
        "SUPERSET_CONFIG": "superset.config",
        "SUPERSET_CONFIG_PATH": str(config),
        "SUPERSET_HOME": str(home),
        "FASTMCP_CHECK_FOR_UPDATES": "off",
        "FASTMCP_SHOW_SERVER_BANNER": "false",
    }


def _find_id(platform: Platform, workspace: str) -> WorkspaceId:
    return WorkspaceId(platform.manager.workspaces.get(workspace).id)


def seed(platform: Platform, script: Path, given: Any) -> None:
    """Run a script of the tests in a process of its own, with Overset's binding to fill rows."""
    home = platform.settings.home
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    process = start_process(
        [sys.executable, "-P", script, json.dumps(given)],
        log=home / f"{script.stem}.log",
        env={**platform.environment, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )
    assert process.wait(120) == 0, process.output()
