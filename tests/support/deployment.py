"""The whole platform for tests: a real server process with two workspaces, cloned and filled alike.

`acme` and `globex` come from one template, so their rows have the same ids; each carries a canary
that must never be seen from the other. Runs on SQLite alone, and on PostgreSQL with Redis.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport

from overset.auth.scopes import Scope
from overset.kernel.secrets import load_keys
from overset.kernel.settings import Settings, load
from overset.manager.services import Manager, open_manager
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.provisioning.create import make_provisioner
from support.postgres import PostgresServer
from support.processes import RunningProcess, free_port, running, start_process
from support.provisioning import MASTER_KEY, adopt_template
from support.redis import RedisServer

WORKSPACES = ("acme", "globex")
ROLES = ("Admin", "Alpha", "Gamma")
HERE = Path(__file__).parent


@dataclass(slots=True)
class Platform:
    """A running platform, and everything that a test needs to speak to it.

    `manager` works on the same database as the server but in the test's own process: what it
    changes must reach the server as it would from any other process.
    """

    settings: Settings
    manager: Manager
    process: RunningProcess
    canaries: dict[str, str]
    environment: dict[str, str]
    _users: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The neutral door."""
        return f"http://127.0.0.1:{self.settings.port}/mcp"

    def user(self, role: str = "Admin", *, workspace: str = "acme") -> str:
        """Return the id of the workspace's member with this role, who is no member elsewhere."""
        name = f"{role.lower()}-{workspace}"
        if name not in self._users:
            user = self.manager.users.create(f"{name}@example.com", name=f"{role} {workspace}")
            self.manager.members.put(workspace, user.id, role=role)
            self._users[name] = user.id
        return self._users[name]

    def new_member(self, workspace: str = "acme", *, role: str = "Admin") -> str:
        """Return the id of a member that no other test knows."""
        name = secrets.token_hex(6)
        user = self.manager.users.create(f"{name}@example.com", name=f"Test {name}")
        self.manager.members.put(workspace, user.id, role=role)
        return user.id

    def token(
        self,
        workspace: str = "acme",
        *,
        role: str = "Admin",
        user_id: str | None = None,
        scopes: frozenset[Scope] | None = None,
        ttl: timedelta = timedelta(hours=1),
    ) -> str:
        """Return a token for a workspace, by default for its administrator."""
        issued = self.manager.tokens.issue(
            user_id or self.user(role, workspace=workspace),
            workspaces=[workspace],
            scopes=scopes,
            ttl=ttl,
        )
        return issued.value

    def client(self, workspace: str = "acme", **who: Any) -> Client:
        """Return a FastMCP client of a workspace, at its neutral door."""
        token = who.pop("token", None) or self.token(workspace, **who)
        headers = {"Authorization": f"Bearer {token}"}
        return Client(StreamableHttpTransport(self.url, headers=headers))

    def post(
        self,
        body: Any = None,
        *,
        token: str | None = None,
        host: str | None = None,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
        path: str = "/mcp",
        method: str = "POST",
        timeout: float = 30,
    ) -> httpx.Response:
        """Send one raw HTTP request; `host` is the Host header without the port."""
        sent = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if host is not None:
            sent["Host"] = f"{host}:{self.settings.port}"
        content = content if content is not None else json.dumps(body).encode()
        return httpx.request(
            method,
            self.url.removesuffix("/mcp") + path,
            content=content if method == "POST" else None,
            headers={**sent, **(headers or {})},
            timeout=timeout,
        )

    def call(self, tool: str, arguments: Any = None, **sent: Any) -> Any:
        """Call a tool over raw HTTP and return the JSON-RPC answer."""
        params = {"name": tool} | ({} if arguments is None else {"arguments": arguments})
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        sent.setdefault("token", None)
        if sent["token"] is None:
            sent["token"] = self.token()
        response = self.post(body, **sent)
        assert response.status_code == 200, (response.status_code, response.text)
        return read_rpc(response)

    def metadata(self, workspace: str = "acme") -> str:
        """Return the URL of a workspace's metadata database, with its own credentials."""
        from overset.tenancy.locations import metadata_url

        found = self.manager.workspaces.get(workspace)
        return metadata_url(self.settings, load_keys(self.settings), found.id)


def read_rpc(response: httpx.Response) -> Any:
    """Return the JSON-RPC message of a response, whether it came as JSON or as an event stream."""
    if response.headers["content-type"].startswith("text/event-stream"):
        data = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
        return json.loads(data[-1])
    return response.json()


def read_tool(answer: Any) -> Any:
    """Return what a tool answered: its JSON, or its text where it is none."""
    text = answer["result"]["content"][0]["text"]
    try:
        return json.loads(text)
    except ValueError:
        return text


@contextlib.contextmanager
def running_platform(
    home: Path,
    *,
    template: Path,
    without: frozenset[Hook] = frozenset(),
    **environment: str,
) -> Iterator[Platform]:
    """Run a platform with the two workspaces while the block lasts."""
    given = {
        "OVERSET_HOME": str(home),
        "OVERSET_PORT": str(free_port()),
        "OVERSET_MASTER_KEY": MASTER_KEY,
        "OVERSET_LOG_FORMAT": "console",
        "OVERSET_REGISTRATIONS_PER_HOUR": "10000",
        **environment,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in given.items():
            patch.setenv(name, value)
        settings = load()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if settings.metadata_url is None:
        adopt_template(template, home)
    keys = load_keys(settings)
    provisioner = make_provisioner(settings, keys)
    with open_manager(settings, keys=keys, provisioner=provisioner) as manager:
        manager.teams.create("tests", name="Tests")
        canaries = fill_workspaces(manager, given, *WORKSPACES)
        argv = [sys.executable, "-P", HERE / "serve.py", "--without", *sorted(without)]
        process = start_process(argv, log=home / "server.log", env=given)
        with running(process, ready=lambda: _is_up(settings.port), timeout=90):
            yield Platform(settings, manager, process, canaries, given)


@contextlib.contextmanager
def restarted(platform: Platform) -> Iterator[Platform]:
    """Run a platform whose process ended once more, on its home and port, while the block lasts."""
    ended = platform.process
    process = start_process(ended.popen.args, log=ended.log, env=platform.environment)
    with running(process, ready=lambda: _is_up(platform.settings.port), timeout=90):
        yield replace(platform, process=process)


def fill_workspaces(manager: Manager, environment: dict[str, str], *slugs: str) -> dict[str, str]:
    """Make workspaces with the same content but for their canaries; return these."""
    canaries = {slug: f"canary{slug}{secrets.token_hex(8)}" for slug in slugs}
    made = [manager.workspaces.create(slug, team="tests") for slug in slugs]
    given = [{"id": w.id, "slug": w.slug, "canary": canaries[w.slug]} for w in made]
    done = subprocess.run(
        [sys.executable, "-P", HERE / "seed.py"],
        input=json.dumps(given),
        text=True,
        check=False,
        env={**os.environ, **environment},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    return canaries


def _is_up(port: int) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    return False


@pytest.fixture(scope="session")
def sqlite_platform(template_home: Path, hooks_without: frozenset[Hook]) -> Iterator[Platform]:
    """The platform as `overset up` runs it: SQLite, no Redis; with caches in memory."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-home-") as home,
        running_platform(
            Path(home) / "home",
            template=template_home,
            without=hooks_without,
            OVERSET_CACHE="memory",
        ) as platform,
    ):
        yield platform


@pytest.fixture(scope="session")
def postgres_platform(
    template_home: Path,
    hooks_without: frozenset[Hook],
    postgres: PostgresServer,
    redis_server: RedisServer,
) -> Iterator[Platform]:
    """The platform as production runs it: PostgreSQL metadata, Redis for changes and caches."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-home-") as home,
        running_platform(
            Path(home) / "home",
            template=template_home,
            without=hooks_without,
            OVERSET_CACHE="redis",
            OVERSET_REDIS_URL=redis_server.url,
            OVERSET_METADATA_URL=postgres.public_url,
            OVERSET_METADATA_ADMIN_URL=postgres.admin_url,
            OVERSET_MANAGER_DATABASE_URL=postgres.create_database(),
        ) as platform,
    ):
        yield platform


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def platform(request: pytest.FixtureRequest) -> Platform:
    """The platform on both kinds of storage, one after the other."""
    return request.getfixturevalue(f"{request.param}_platform")
