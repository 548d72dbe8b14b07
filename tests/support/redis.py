"""A real Redis server for the tests, without persistence, gone when they end."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis as client_library

from support.processes import RunningProcess, free_port, start_process, wait_until


@dataclass(slots=True)
class RedisServer:
    """A Redis server of the tests' own; stopping it loses everything in it."""

    host: str
    port: int
    folder: Path
    _process: RunningProcess | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL of database 0."""
        return f"redis://{self.host}:{self.port}/0"

    def client(self) -> client_library.Redis:
        """Return a new client that answers with text; close it, or use it in a `with`."""
        return client_library.Redis.from_url(self.url, decode_responses=True)

    def flush(self) -> None:
        """Forget everything in every database."""
        with self.client() as client:
            client.flushall()

    def is_up(self) -> bool:
        """Tell whether it answers."""
        with contextlib.suppress(client_library.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def start(self) -> None:
        """Start the server, or start it again on the same port, and wait until it answers."""
        binary = shutil.which("redis-server")
        assert binary, "no Redis server here: run `bash tools/test-deps.sh`"
        self._process = start_process(
            [
                *(binary, "--bind", self.host, "--port", str(self.port)),
                *("--save", "", "--appendonly", "no", "--dir", self.folder),
            ],
            log=self.folder / "server.log",
        )
        self._process.wait_until(self.is_up, 20)

    def stop(self) -> None:
        """Stop the server, if it runs; clients see their connections end."""
        if self._process is None:
            return
        self._process.stop()
        self._process = None
        wait_until(lambda: not self.is_up(), 5, what="the end of Redis")


@contextlib.contextmanager
def running_redis() -> Iterator[RedisServer]:
    """Run a fresh Redis server while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="overset-redis-") as folder:
        server = RedisServer(host="127.0.0.1", port=free_port(), folder=Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The Redis server that all tests share; do not stop it (see `own_redis`)."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis(redis_server: RedisServer) -> Iterator[RedisServer]:
    """The shared Redis server, empty before and after the test."""
    redis_server.flush()
    yield redis_server
    redis_server.flush()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis server of this test's own, which it may stop and start."""
    with running_redis() as server:
        yield server
