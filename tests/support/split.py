"""The platform as in production: `overset manager` and `overset mcp`, a process each, and a Redis.

They work on the database of the SQLite platform of the tests, and speak in its name: its tokens
count here, and what changes there must be heard here.
"""

import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.deployment import Platform
from support.processes import RunningProcess, free_port, start_process
from support.redis import RedisServer, running_redis

OVERSET = Path(sys.executable).parent / "overset"
DECISION_SECONDS = 4
"""How long decisions are kept here: short, so that a test may wait for their end."""


def refused_start(
    home: Path, *command: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command that should refuse to start."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OVERSET_", "MCP_"))}
    return subprocess.run(
        [OVERSET, *command],
        env={**clean, "OVERSET_HOME": str(home), "COLUMNS": "500", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(slots=True)
class Server:
    """One of the platform's processes, which a test may end and start again."""

    command: str
    folder: Path
    environment: dict[str, str]
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: RunningProcess | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = start_process(
            [OVERSET, self.command, "--port", str(self.port), *self.options],
            log=self.folder / f"{self.command}.log",
            env=self.environment,
        )
        self.process.wait_until(lambda: self.status("/health/ready") == 200, 60)

    def status(self, path: str) -> int | None:
        """Return the status of an answer, or None when there is none."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(self.url + path, timeout=2).status_code
        return None

    def stop(self) -> None:
        """End it kindly."""
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        self.process.kill()


@dataclass(frozen=True, slots=True)
class SplitPlatform:
    """A manager, a data plane and a Redis, on the database of `origin`."""

    origin: Platform
    manager: Server
    mcp: Server
    redis: RedisServer

    def post(self, body: Any, *, token: str | None = None, **headers: str) -> httpx.Response:
        """Send one message to the data plane."""
        sent = {"Accept": "*/*", **{name.replace("_", "-"): v for name, v in headers.items()}}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return httpx.post(self.mcp.url + "/mcp", json=body, headers=sent, timeout=30)


def reached_at(origin: Platform, port: int) -> Platform:
    """Return the platform as another of its processes serves it."""
    moved = {"port": port, "public_port": origin.settings.port}
    return dataclasses.replace(origin, settings=origin.settings.model_copy(update=moved))


@contextlib.contextmanager
def running_beside(origin: Platform, **environment: str) -> Iterator[Platform]:
    """Run one more MCP process over the home of `origin` while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="overset-beside-") as folder:
        server = Server("mcp", Path(folder), {**spoken_for(origin), **environment})
        try:
            server.start()
            yield reached_at(origin, server.port)
        finally:
            server.stop()


def spoken_for(origin: Platform) -> dict[str, str]:
    return {
        **origin.environment,
        "OVERSET_ISSUER": origin.settings.issuer,
        "OVERSET_PUBLIC_PORT": str(origin.settings.port),
    }


@contextlib.contextmanager
def running_pair(
    origin: Platform, *options: str, **environment: str
) -> Iterator[tuple[Server, Server]]:
    """Run a manager, and a data plane with these options, while the block lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-split-") as folder,
        contextlib.ExitStack() as exits,
    ):
        given = {**spoken_for(origin), **environment}
        manager = Server("manager", Path(folder), given)
        mcp = Server("mcp", Path(folder), {**given, "OVERSET_MANAGER_URL": manager.url}, options)
        for server in (manager, mcp):
            exits.callback(server.stop)
            server.start()
        yield manager, mcp


@contextlib.contextmanager
def running_split(origin: Platform) -> Iterator[SplitPlatform]:
    """Run the two processes while the block lasts."""
    with (
        running_redis() as redis,
        running_pair(
            origin,
            OVERSET_REDIS_URL=redis.url,
            OVERSET_DECISION_TTL_SECONDS=str(DECISION_SECONDS),
            OVERSET_TRUSTED_PROXIES="127.0.0.0/8",
        ) as (manager, mcp),
    ):
        yield SplitPlatform(origin, manager, mcp, redis)


@pytest.fixture(scope="session")
def split_platform(sqlite_platform: Platform) -> Iterator[SplitPlatform]:
    """The two processes beside the SQLite platform; a test that ends one starts it again."""
    with running_split(sqlite_platform) as split:
        yield split


@contextlib.contextmanager
def running_pages(origin: Platform, *options: str, **environment: str) -> Iterator[Server]:
    """Run `overset web` over the home of `origin`, with a manager, while the block lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-pages-") as folder,
        contextlib.ExitStack() as exits,
    ):
        given = {**spoken_for(origin), **environment}
        manager = Server("manager", Path(folder), given)
        web = Server("web", Path(folder), {**given, "OVERSET_MANAGER_URL": manager.url}, options)
        for server in (manager, web):
            exits.callback(server.stop)
            server.start()
        yield web
