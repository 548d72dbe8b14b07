"""The platform twice behind HAProxy, on one PostgreSQL and one Redis, as it runs in production."""

import contextlib
import re
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from overset.kernel.settings import Settings
from overset.manager.services import Manager
from support.certificates import make_certificates
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
    ca: Path | None = None
    """The authority that made the proxy's certificate, on https."""

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
        issuer = urlsplit(self.url)
        there = f"{issuer.scheme}://localhost:{issuer.port}/sign-in"
        trusted = ssl.create_default_context(cafile=self.ca)

        def all_answer() -> bool:
            with httpx.Client(verify=trusted, headers={"Host": issuer.netloc}) as http:
                return all(http.get(there).is_success for _ in range(4))

        wait_until(all_answer, what="the proxy to notice")


@contextlib.contextmanager
def running_replicas(
    template: Path, postgres: PostgresServer, *, https_domain: str | None = None
) -> Iterator[Replicas]:
    """Run HAProxy, two replicas and a Redis of their own while the block lasts.

    With an `https_domain` the proxy ends TLS, and workspaces have their own hosts below it; else
    the platform is at `http://localhost`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="overset-replicas-") as folder,
        running_redis() as redis,
        contextlib.ExitStack() as exits,
    ):
        public = free_port()
        given = {
            "OVERSET_PUBLIC_PORT": str(public),
            "OVERSET_REDIS_URL": redis.url,
            "OVERSET_METADATA_URL": postgres.public_url,
            "OVERSET_METADATA_ADMIN_URL": postgres.admin_url,
            "OVERSET_MANAGER_DATABASE_URL": postgres.create_database(),
            "OVERSET_TRUSTED_PROXIES": "127.0.0.0/8",
        }
        ca, chain = None, None
        if https_domain is not None:
            given |= {"OVERSET_DOMAIN": https_domain, "OVERSET_PUBLIC_SCHEME": "https"}
            ca, chain = make_certificates(Path(folder), ["localhost", f"*.{https_domain}"])
        origin = exits.enter_context(
            running_platform(Path(folder) / "home", template=template, **given)
        )
        one = Replica(origin, origin.settings.port, exits, [origin.process])
        other = Replica(origin, free_port(), exits)
        other.start()
        exits.enter_context(running_haproxy(public, [one.port, other.port], chain=chain))
        yield Replicas(origin, redis, one, other, ca)


@pytest.fixture(scope="module")
def replicas(template_home: Path, postgres: PostgresServer) -> Iterator[Replicas]:
    """Two replicas on PostgreSQL and Redis; what a test ends, it starts again."""
    with running_replicas(template_home, postgres) as run:
        yield run
