"""A real manager for tests, on SQLite and on PostgreSQL, and clients of its APIs."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import event

from overset.cli.protocol import StrictHttpProtocol
from overset.kernel.settings import Settings, load
from overset.manager.app import create_app
from overset.manager.services import Manager, open_manager
from overset.manager.users.model import User
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.provisioner import NullProvisioner
from support.processes import free_port, wait_until

MASTER_KEY = "a-master-key-of-the-tests-that-is-long-enough"


@dataclass(slots=True)
class Clock:
    """A wall clock that moves only when a test moves it; it starts at the real time."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        """Return the time that it shows."""
        return self.time

    def advance(self, span: timedelta) -> None:
        """Move it forward."""
        self.time += span


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks HTTP with an application in this process, as one caller."""

    app: FastAPI
    bearer: str | None = None

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send one request; errors of the application come back as its answers."""
        return asyncio.run(self._send(method, path, **given))

    def get(self, path: str, **given: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, **given)

    def post(self, path: str, **given: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, **given)

    def put(self, path: str, **given: Any) -> httpx.Response:
        """Send a PUT."""
        return self.request("PUT", path, **given)

    def patch(self, path: str, **given: Any) -> httpx.Response:
        """Send a PATCH."""
        return self.request("PATCH", path, **given)

    def delete(self, path: str, **given: Any) -> httpx.Response:
        """Send a DELETE."""
        return self.request("DELETE", path, **given)

    async def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://localhost:8088", headers=headers
        ) as client:
            return await client.request(method, path, **given)


def make_settings(home: Path, **given: Any) -> Settings:
    """Return settings of an installation under `home`."""
    return load(**{"home": home, "master_key": MASTER_KEY, **given})


def make_member(
    manager: Manager, slug: str = "acme", email: str = "ada@example.com", *, role: str = "Admin"
) -> tuple[RegisteredWorkspace, User]:
    """Return a workspace and one of its members; what is not there yet is made."""
    if manager.teams.find("demo") is None:
        manager.teams.create("demo", name="Demo")
    workspace = manager.workspaces.find(slug) or manager.workspaces.create(slug, team="demo")
    user = manager.users.find_by_email(email) or manager.users.create(email)
    manager.members.put(slug, user.id, role=role)
    return workspace, user


@contextlib.contextmanager
def count_statements(manager: Manager) -> Iterator[list[str]]:
    """Collect the SQL statements that the manager sends while the block lasts."""
    sent: list[str] = []

    def note(_connection, _cursor, statement, *_: Any) -> None:
        sent.append(statement)

    event.listen(manager.database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(manager.database.engine, "before_cursor_execute", note)


@contextlib.contextmanager
def serving(app: FastAPI, *, port: int | None = None) -> Iterator[str]:
    """Serve an application on a port, by default a free one; yields its URL."""
    port = port or free_port()
    config = uvicorn.Config(
        app, port=port, log_level="warning", lifespan="on", ws="none", http=StrictHttpProtocol
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, 10, what="the manager")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def clock() -> Clock:
    """The manager's clock."""
    return Clock()


@pytest.fixture
def provisioner() -> NullProvisioner:
    """Remembers which workspaces' databases there would be."""
    return NullProvisioner()


@pytest.fixture(params=["sqlite", "postgresql"])
def manager_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database of the manager, once per dialect."""
    if request.param == "sqlite":
        return make_settings(tmp_path)
    url = request.getfixturevalue("postgres_database")
    return make_settings(tmp_path, manager_database_url=url)


@pytest.fixture
def manager(
    manager_settings: Settings, clock: Clock, provisioner: NullProvisioner
) -> Iterator[Manager]:
    """An open manager without HTTP, once per dialect."""
    with open_manager(manager_settings, provisioner=provisioner, now=clock) as opened:
        yield opened


@pytest.fixture
def operator(manager: Manager) -> User:
    """A user to whom the REST API is open."""
    return manager.users.create("operator@example.com", operator=True)


@pytest.fixture
def anybody(manager: Manager) -> Client:
    """A caller without credentials."""
    return Client(create_app(manager.settings, services=manager))


@pytest.fixture
def api(anybody: Client, manager: Manager, operator: User) -> Client:
    """A caller with an operator's token for the REST API."""
    return Client(anybody.app, manager.tokens.issue(operator.id).value)


@pytest.fixture
def data_plane(anybody: Client, manager: Manager) -> Client:
    """A caller with the service key."""
    return Client(anybody.app, manager.service_key.get_secret_value())
