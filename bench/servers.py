"""The servers that are compared: bare Superset and Overset, over copies of the same metadata."""

import contextlib
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.load import Target
from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import load_keys
from overset.tenancy.locations import metadata_file, superset_secret_key
from support.deployment import Platform, running_platform
from support.postgres import PostgresServer
from support.processes import RunningProcess, free_port, is_listening, running, start_process
from support.provisioning import ensure_template, settings_for, silent
from support.redis import running_redis

BIN = Path(sys.executable).parent
_MANY = str(10**9)
_CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = {metadata!r}
MCP_DEV_USERNAME = {user!r}
SUPERSET_WEBSERVER_ADDRESS = {origin!r}
WEBDRIVER_BASEURL_USER_FRIENDLY = {origin!r} + "/"
"""


@contextlib.contextmanager
def running_overset(kind: str, postgres: PostgresServer, cache: Path) -> Iterator[Platform]:
    """Run Overset in one process, as `overset up` does, with two filled workspaces.

    Args:
        kind: where metadata lives, `sqlite` or `postgres`.
        postgres: holds it, if it is PostgreSQL; workspaces may query it in any case.
        cache: a folder that is kept, for the template of new workspaces.
    """
    given = {
        "OVERSET_CALLS_PER_MINUTE": _MANY,
        "OVERSET_COSTLY_CALLS_PER_MINUTE": _MANY,
        "OVERSET_DATA_SOURCE_ALLOW": f"{postgres.host}:{postgres.port}",
        "OVERSET_LOG_FORMAT": "json",
    }
    with contextlib.ExitStack() as exits:
        if kind == "postgres":
            given |= {
                "OVERSET_REDIS_URL": exits.enter_context(running_redis()).url,
                "OVERSET_METADATA_URL": postgres.public_url,
                "OVERSET_METADATA_ADMIN_URL": postgres.admin_url,
                "OVERSET_MANAGER_DATABASE_URL": postgres.create_database(),
            }
        settings = settings_for(cache)
        ensure_template(settings, load_keys(settings), progress=silent)
        folder = exits.enter_context(tempfile.TemporaryDirectory(prefix="overset-bench-"))
        home = Path(folder) / "home"
        yield exits.enter_context(running_platform(home, template=cache, **given))


@contextlib.contextmanager
def running_workers(platform: Platform, count: int) -> Iterator[str]:
    """Run a manager and `overset mcp --workers` on a platform's databases, and yield its URL."""
    ports = free_port(), free_port()
    given = {
        **platform.environment,
        "OVERSET_ISSUER": platform.settings.issuer,
        "OVERSET_PUBLIC_PORT": str(platform.settings.port),
        "OVERSET_MANAGER_URL": f"http://127.0.0.1:{ports[0]}",
    }
    commands = (["manager"], ["mcp", "--workers", str(count)])
    with contextlib.ExitStack() as exits:
        for command, port in zip(commands, ports, strict=True):
            process = start_process(
                [BIN / "overset", *command, "--port", str(port)],
                log=platform.settings.home / f"{command[0]}-{count}.log",
                env=given,
            )
            exits.enter_context(running(process, ready=lambda port=port: is_listening(port)))
        yield f"http://127.0.0.1:{ports[1]}/mcp"


def has_workers() -> bool:
    """Tell whether this Overset can serve with several processes."""
    shown = subprocess.run(
        [BIN / "overset", "mcp", "--help"], capture_output=True, text=True, check=True
    )
    return "--workers" in shown.stdout


@contextlib.contextmanager
def running_bare(
    platform: Platform, postgres: PostgresServer, *, workspace: str, user: str
) -> Iterator[Target]:
    """Run `superset mcp run` with its own defaults on a copy of a workspace's metadata."""
    workspace_id = WorkspaceId(platform.manager.workspaces.get(workspace).id)
    with tempfile.TemporaryDirectory(prefix="bare-superset-") as folder:
        home, port = Path(folder), free_port()
        if platform.settings.metadata_url is None:
            _copy_sqlite(metadata_file(platform.settings, workspace_id), home / "metadata.db")
            metadata = f"sqlite:///{home / 'metadata.db'}"
        else:
            metadata = _copy_postgres(postgres, urlsplit(platform.metadata(workspace)).path[1:])
        config = home / "superset_config.py"
        config.touch(mode=0o600)
        secret = superset_secret_key(load_keys(platform.settings), workspace_id)
        origin = platform.settings.workspace_origin(workspace)
        config.write_text(
            _CONFIG.format(secret=secret, metadata=metadata, user=user, origin=origin)
        )
        process = _start_bare(config, home, port)
        with running(process, ready=lambda: is_listening(port), timeout=120):
            yield Target("bare", f"http://127.0.0.1:{port}/mcp")


def _start_bare(config: Path, home: Path, port: int) -> RunningProcess:
    return start_process(
        [BIN / "superset", "mcp", "run", "--port", str(port)],
        log=home / "server.log",
        env={
            "SUPERSET_CONFIG": "superset.config",
            "SUPERSET_CONFIG_PATH": str(config),
            "SUPERSET_HOME": str(home),
            "FASTMCP_CHECK_FOR_UPDATES": "off",
            "FASTMCP_SHOW_SERVER_BANNER": "false",
        },
        cwd=home,
    )


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(source)) as read,
        contextlib.closing(sqlite3.connect(target)) as written,
    ):
        read.backup(written)


def _copy_postgres(postgres: PostgresServer, name: str) -> str:
    """Copy a database, which may be in use, and return the copy's URL."""
    copy = postgres.create_database()
    environment = {"PGPASSWORD": postgres.password}
    where = ["-h", postgres.host, "-p", str(postgres.port), "-U", "postgres"]
    dumped = subprocess.run(
        [postgres.binaries / "pg_dump", *where, "--no-owner", "--no-acl", name],
        env=environment,
        capture_output=True,
        check=True,
    )
    subprocess.run(
        [postgres.binaries / "psql", *where, "-q", "-v", "ON_ERROR_STOP=1", copy.split("/")[-1]],
        env=environment,
        input=dumped.stdout,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return copy
