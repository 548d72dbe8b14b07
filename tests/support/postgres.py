"""A real PostgreSQL server for the tests, with password authentication, gone when they end."""

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from support.processes import free_port, wait_until

_OS_USER = "postgres"
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A PostgreSQL server of the tests' own, where every role needs its password."""

    host: str
    port: int
    password: str = field(repr=False)
    binaries: Path
    folder: Path
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def admin_url(self) -> str:
        """The superuser's URL, of the database `postgres`."""
        return self.url("postgres")

    @property
    def public_url(self) -> str:
        """`postgresql://host:port`, without a role and a database."""
        return f"postgresql://{self.host}:{self.port}"

    def url(self, database: str, *, user: str = "postgres", password: str | None = None) -> str:
        """Return the URL of a database, by default as the superuser."""
        return f"postgresql://{user}:{password or self.password}@{self.host}:{self.port}/{database}"

    def execute(
        self, statement: "str | sql.Composable", *, database: str = "postgres"
    ) -> list[tuple]:
        """Run one statement as the superuser, outside a transaction; return its rows, if any."""
        with contextlib.closing(psycopg2.connect(self.url(database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def create_database(self, name: str | None = None) -> str:
        """Create an empty database, of a random name if none is given, and return its URL."""
        name = name or f"test_{secrets.token_hex(6)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and whoever is connected to it."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def is_up(self) -> bool:
        """Tell whether the superuser can sign in."""
        with contextlib.suppress(psycopg2.OperationalError):
            return self.execute("SELECT 1") == [(1,)]
        return False

    def start(self) -> None:
        """Start the server, or start it again on the same port, and wait until it answers."""
        options = {**_OPTIONS, **self.options, "port": str(self.port)}
        given = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        self._pg_ctl("start", "-w", "-t", "60", "-l", self.folder / "server.log", "-o", given)
        wait_until(self.is_up, 30, what="PostgreSQL")

    def stop(self, *, mode: str = "fast") -> None:
        """Stop the server, if it runs; `mode` is `smart`, `fast` or `immediate` (a crash)."""
        if (self._data / "postmaster.pid").exists():
            self._pg_ctl("stop", "-w", "-t", "60", "-m", mode)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _pg_ctl(self, verb: str, *args: str | Path) -> None:
        _run(self.binaries / "pg_ctl", verb, "-s", "-D", self._data, *args)


def create_server(folder: Path, **options: str) -> PostgresServer:
    """Make a database cluster in `folder`, which must be empty; it is not started.

    `options` are settings of the server, such as `fsync="on"`; by default it is quick and small.
    """
    server = PostgresServer(
        host="127.0.0.1",
        port=free_port(),
        password=secrets.token_urlsafe(24),
        binaries=_find_binaries(),
        folder=folder,
        options=options,
    )
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(server.password)
    if os.geteuid() == 0:
        for path in (folder, password_file):
            shutil.chown(path, _OS_USER)
    _run(
        server.binaries / "initdb",
        *("-D", folder / "data", "-U", "postgres", "-A", "scram-sha-256"),
        *("--pwfile", password_file, "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
    )
    password_file.unlink()
    return server


def _run(*argv: str | Path) -> None:
    # PostgreSQL refuses to run as root. The server inherits the output, so it must be a file.
    as_user = ["runuser", "-u", _OS_USER, "--"] if os.geteuid() == 0 else []
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [*as_user, *map(str, argv)],
            check=False,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        output.seek(0)
        assert done.returncode == 0, f"{argv}: {output.read().decode(errors='replace')}"


def _find_binaries() -> Path:
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3])
    )
    found = debian[-1] if debian else shutil.which("initdb")
    assert found, "no PostgreSQL server here: run `bash tools/test-deps.sh`"
    return Path(found).resolve().parent


@contextlib.contextmanager
def running_postgres(**options: str) -> Iterator[PostgresServer]:
    """Run a fresh PostgreSQL server while the block lasts; its files go with it."""
    folder = Path(tempfile.mkdtemp(prefix="overset-postgres-"))
    try:
        server = create_server(folder, **options)
        try:
            server.start()
            yield server
        finally:
            server.stop(mode="immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server that all tests share; do not stop it (see `own_postgres`)."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test's own, which it may stop and start."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[str]:
    """The superuser's URL of an empty database, dropped after the test."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres.create_database(name)
    postgres.drop_database(name)
