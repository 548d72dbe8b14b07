"""The platform twice behind HAProxy, on one PostgreSQL and one Redis, as it runs in production."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from overset.kernel.settings import Settings
from overset.manager.services import Manager
from support.deployment import Platform, running_platform
from support.haproxy import running_haproxy
from support.postgres import PostgresServer
from support.processes import RunningProcess, free_port, running, start_process, wait_until
from support.redis import RedisServer, running_redis


@dataclass(frozen=True, slots=True)
class Replica:
    """One of the processes; a test that kills it starts it again."""

    origin: Platform
    port: int
    exits: contextlib.ExitStack
    started: list[RunningProcess] = field(default_factory=list)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        process = start_process(
            self.origin.process.popen.args,
            log=self.origin.settings.home / f"replica-{self.port}.log",
            env={**self.origin.environment, "OVERSET_PORT": str(self.port)},
        )
        self.started.append(self.exits.enter_context(running(process, ready=self.is_up)))

    def kill(self) -> None:
        """End it as a crash would."""
        self.started[-1].kill()

    def is_up(self) -> bool:
        """Tell whether it answers."""
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://127.0.0.1:{self.port}/health/ready").is_success
        return False

    def requests(self) -> int:
        """Return how many calls it has answered since it was started."""
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics").text
        found = re.findall(r"^mcp_tool_calls_total{.*} (\S+)$", text, re.MULTILINE)
        return round(sum(map(float, found)))


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two replicas behind one proxy."""

    origin: Platform
    redis: RedisServer
    one: Replica
    other: Replica

    @property
    def settings(self) -> Settings:
        """The settings that both have."""
        return self.origin.settings

    @property
    def manager(self) -> Manager:
        """The manager's services on the same database, in the test's own process."""
        return self.origin.manager

    @property
    def url(self) -> str:
        """The public origin: HAProxy's, and the issuer."""
        return self.settings.issuer

    def kill(self, replica: Replica) -> None:
        """End a replica as a crash would, and wait until the proxy leaves it out."""
        replica.kill()
        self._answers_always()

    def _answers_always(self) -> None:
        def all_answer() -> bool:
            return all(httpx.get(self.url + "/health/ready").is_success for _ in range(4))

        wait_until(all_answer, what="the proxy to notice")


@contextlib.contextmanager
def running_replicas(template: Path, postgres: PostgresServer) -> Iterator[Replicas]:
    """Run HAProxy, two replicas and a Redis of their own while the block lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-replicas-") as home,
        running_redis() as redis,
        contextlib.ExitStack() as exits,
    ):
        public = free_port()
        origin = exits.enter_context(
            running_platform(
                Path(home) / "home",
                template=template,
                OVERSET_PUBLIC_PORT=str(public),
                OVERSET_REDIS_URL=redis.url,
                OVERSET_METADATA_URL=postgres.public_url,
                OVERSET_METADATA_ADMIN_URL=postgres.admin_url,
                OVERSET_MANAGER_DATABASE_URL=postgres.create_database(),
            )
        )
        one = Replica(origin, origin.settings.port, exits, [origin.process])
        other = Replica(origin, free_port(), exits)
        other.start()
        exits.enter_context(running_haproxy(public, [one.port, other.port]))
        yield Replicas(origin, redis, one, other)


@pytest.fixture(scope="module")
def replicas(template_home: Path, postgres: PostgresServer) -> Iterator[Replicas]:
    """Two replicas on PostgreSQL and Redis; what a test ends, it starts again."""
    with running_replicas(template_home, postgres) as run:
        yield run
