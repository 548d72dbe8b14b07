"""The servers that are compared: bare Superset and Overset, over copies of the same metadata."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench.figures import BARE
from bench.load import Target
from overset.kernel.secrets import load_keys
from support.bare_superset import CopyMetadata, copy_file, running_bare
from support.deployment import Platform, running_platform
from support.postgres import PostgresServer
from support.processes import RunningProcess, free_port, running, start_process
from support.provisioning import ensure_template, settings_for, silent
from support.redis import running_redis

_BIN = Path(sys.executable).parent
_MANY = str(10**9)
# By default it has fifteen connections; sixteen callers wait for the last one until it times out.
_ROOM_FOR_SIXTEEN = 'SQLALCHEMY_ENGINE_OPTIONS = {"pool_size": 32}\n'


@dataclass(frozen=True, slots=True)
class Served:
    """A server, and the process that is it."""

    url: str
    process: RunningProcess


@contextlib.contextmanager
def running_overset(
    kind: str, postgres: PostgresServer, warehouse: PostgresServer, cache: Path
) -> Iterator[Platform]:
    """Run Overset in one process, as `overset up` does, with two filled workspaces.

    Args:
        kind: where metadata lives, `sqlite` or `postgres`.
        postgres: holds it, if it is PostgreSQL.
        warehouse: what workspaces may query.
        cache: a folder that is kept, for the template of new workspaces.
    """
    given = {
        "OVERSET_CALLS_PER_MINUTE": _MANY,
        "OVERSET_COSTLY_CALLS_PER_MINUTE": _MANY,
        "OVERSET_DATA_SOURCE_ALLOW": f"{warehouse.host}:{warehouse.port}",
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
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="overset-bench-")))
        yield exits.enter_context(running_platform(folder / "home", template=cache, **given))


@contextlib.contextmanager
def running_mcp(platform: Platform, *, workers: int = 1) -> Iterator[Served]:
    """Run a manager of its own and `overset mcp` on a platform's databases."""
    ports = free_port(), free_port()
    given = {
        **platform.environment,
        "OVERSET_ISSUER": platform.settings.issuer,
        "OVERSET_PUBLIC_PORT": str(platform.settings.port),
        "OVERSET_MANAGER_URL": f"http://127.0.0.1:{ports[0]}",
    }
    many = ["--workers", str(workers)] if workers > 1 else []
    with contextlib.ExitStack() as exits:
        for command, port in zip((["manager"], ["mcp", *many]), ports, strict=True):
            process = start_process(
                [_BIN / "overset", *command, "--port", str(port)],
                log=platform.settings.home / f"{command[0]}-{workers}.log",
                env=given,
            )
            exits.enter_context(running(process, ready=partial(is_ready, port), timeout=120))
        yield Served(f"http://127.0.0.1:{ports[1]}/mcp", process)


def is_ready(port: int) -> bool:
    """Tell whether a process of ours may be sent requests."""
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code == HTTPStatus.OK
    return False


def has_workers() -> bool:
    """Tell whether this Overset can serve with several processes."""
    shown = subprocess.run(
        [_BIN / "overset", "mcp", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    return "--workers" in shown.stdout


@contextlib.contextmanager
def running_superset(
    platform: Platform, postgres: PostgresServer, *, workspace: str
) -> Iterator[Target]:
    """Run `superset mcp run` as a user would, on a copy of a workspace's metadata."""
    copy, config = copy_file, ""
    if platform.settings.metadata_url is not None:
        copy, config = copy_from(postgres), _ROOM_FOR_SIXTEEN
    with running_bare(
        platform,
        workspace=workspace,
        users=[platform.user(workspace=workspace)],
        copy=copy,
        config=config,
        # What the tests set, and what a build server would: `git` is asked, as it always is.
        environment={"GITHUB_REF_NAME": ""},
    ) as (bare,):
        yield Target(BARE, bare.url)


def copy_from(postgres: PostgresServer) -> CopyMetadata:
    """Return what copies a database, which may be in use, within the same server."""
    environment = {"PGPASSWORD": postgres.password}
    where = ["-h", postgres.host, "-p", str(postgres.port), "-U", "postgres"]

    def copy(platform: Platform, workspace: str, folder: Path) -> str:
        url = postgres.create_database()
        dump = folder / "metadata.sql"
        name = urlsplit(platform.metadata(workspace)).path[1:]
        quiet = ["-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1"]
        for program, *arguments in (
            ["pg_dump", *where, "--no-owner", "--no-acl", "-f", dump, name],
            ["psql", *where, *quiet, "-f", dump, url.rpartition("/")[2]],
        ):
            subprocess.run([postgres.binaries / program, *arguments], env=environment, check=True)
        dump.unlink()
        return url

    return copy
