"""The worker of `overset up`, in this process, for the workspaces of `bound`."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import httpx
from anyio.from_thread import start_blocking_portal
from sqlalchemy import insert

from overset.kernel.secrets import load_keys
from overset.kernel.upstream import open_client
from overset.manager.app import create_app
from overset.manager.services import Manager
from overset.manager.tables import workspaces
from overset.tenancy.line import ManagerLine, connected
from overset.tenancy.registry import MemoryRegistry
from overset.worker.embedded import running_embedded
from support.binding import Bound


def register(bound: Bound, manager: Manager) -> None:
    """Let a manager know both workspaces, whose databases it did not make."""
    team = manager.teams.create("tests", name="Tests")
    rows = [
        {"id": one.id, "slug": one.slug, "name": one.name, "state": one.state.value}
        for one in (bound.a, bound.b)
    ]
    with manager.database.writing() as connection:
        connection.execute(
            insert(workspaces),
            [row | {"created_at": datetime.now(UTC), "team_id": team.id} for row in rows],
        )


@contextmanager
def working(bound: Bound, manager: Manager) -> Iterator[MemoryRegistry]:
    """Run tasks of both workspaces while the block lasts; yields what is known of them."""
    registry = MemoryRegistry([bound.a, bound.b])
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_running(bound, manager, registry)),
    ):
        yield registry


@asynccontextmanager
async def _running(
    bound: Bound, manager: Manager, registry: MemoryRegistry
) -> AsyncIterator[ManagerLine]:
    app = httpx.ASGITransport(create_app(manager.settings, services=manager))
    async with (
        open_client(manager.settings, load_keys(manager.settings), manager=app) as http,
        connected(http, registry=registry) as line,
        running_embedded(line),
    ):
        yield line
