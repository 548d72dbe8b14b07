"""Row 38: each workspace's engine is as safe as Superset's own, and no fork shares a connection."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from overset.kernel.ids import WorkspaceId
from overset.kernel.liveness import watch_connections
from overset.kernel.secrets import load_keys
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.engines import EnginePool
from overset.tenancy.binding.hooks import ALL
from overset.tenancy.binding.installation import Installation
from overset.tenancy.binding.metadata_engines import MetadataEngines, make_engine
from overset.tenancy.locations import metadata_file
from overset.tenancy.provisioning.create import make_provisioner
from support.binding import Bound
from support.postgres import PostgresServer
from support.provisioning import postgres_settings_for


@pytest.fixture
def pool(bound: Bound, postgres: PostgresServer, tmp_path: Path) -> Iterator[EnginePool]:
    """Engines on PostgreSQL, made as for the process's own app; `bound` has loaded Superset."""
    settings = postgres_settings_for(postgres, tmp_path)
    keys = load_keys(settings)
    provisioner = make_provisioner(settings, keys)
    installation = Installation(settings, keys, ALL, "base")
    pool = EnginePool(MetadataEngines(installation).make, most=8)
    for workspace in (bound.a, bound.b):
        provisioner.create(workspace.id)
    yield pool
    for workspace in (bound.a, bound.b):
        pool.forget(workspace.id)
        provisioner.drop(workspace.id)


def backend(engine: Engine) -> int:
    """Return the number of the server process that answers."""
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT pg_backend_pid()")).scalar())


def in_child(work: Any) -> Any:
    """Return what `work` returns in a fork of this very process, as prefork servers make them."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return json.loads(told)


def test_row_38_a_forked_child_uses_no_connection_of_its_parent(
    bound: Bound, pool: EnginePool
) -> None:
    before = backend(pool.get(bound.a.id))

    in_the_child = in_child(lambda: backend(pool.get(bound.a.id)))

    assert in_the_child != before
    # And the child closed nothing of its parent's when it ended.
    assert backend(pool.get(bound.a.id)) == before


def test_row_38_a_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_held(
    bound: Bound, pool: EnginePool
) -> None:
    with pool._lock:
        answered = in_child(lambda: backend(pool.get(bound.b.id)))

    assert answered > 0


def test_row_38_a_connection_that_the_server_dropped_is_replaced_without_an_error(
    bound: Bound, pool: EnginePool, postgres: PostgresServer
) -> None:
    engine = pool.get(bound.a.id)
    dropped = backend(engine)
    postgres.execute(f"SELECT pg_terminate_backend({dropped}, 5000)")

    assert backend(engine) != dropped


def test_row_38_a_connection_that_is_lent_again_is_asked_only_after_a_long_rest(
    bound: Bound, pool: EnginePool, postgres: PostgresServer
) -> None:
    engine, now = create_engine(pool.get(bound.a.id).url), [0.0]
    watch_connections(engine, clock=lambda: now[0])
    lent = backend(engine)

    def lend() -> str:
        """Lend the connection, ask nothing, and return what its server was last asked."""
        engine.connect().close()
        asked = f"SELECT query FROM pg_stat_activity WHERE pid = {lent}"
        return str(postgres.execute(asked)[0][0])

    before = lend()
    now[0] += 3600

    assert lend() != before
    assert backend(engine) == lent
    engine.dispose()


def test_row_38_a_server_waits_seconds_for_a_lock_and_compiles_no_statement(
    bound: Bound, pool: EnginePool
) -> None:
    """Superset's lists take most of a second in a new workspace if they are compiled."""
    with pool.get(bound.a.id).connect() as connection:
        said = [
            connection.execute(text(f"SHOW {what}")).scalar() for what in ("lock_timeout", "jit")
        ]

    assert said == ["5s", "off"]


def test_row_38_each_workspace_has_an_engine_and_a_role_of_its_own(
    bound: Bound, pool: EnginePool
) -> None:
    names = []
    for workspace in (bound.a, bound.b):
        with pool.get(workspace.id).connect() as connection:
            names.append(connection.execute(text("SELECT current_user, current_database()")).one())

    assert names == [(one.id, one.id) for one in (bound.a, bound.b)]


def test_row_38_an_engine_that_was_forgotten_is_made_anew(bound: Bound, pool: EnginePool) -> None:
    first = pool.get(bound.a.id)
    pool.forget(bound.a.id)

    assert pool.get(bound.a.id) is not first


def test_row_38_sqlite_enforces_foreign_keys_in_every_workspace(bound: Bound) -> None:
    from superset.extensions import db

    for workspace in (bound.a, bound.b):
        with enter(workspace):
            assert db.session.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_row_38_a_metadata_file_that_is_gone_is_an_error_and_not_an_empty_database(
    bound: Bound,
) -> None:
    gone = WorkspaceId("ws_" + "a" * 26)
    installation = Installation(bound.settings, bound.keys, ALL, "base")

    with pytest.raises(OperationalError, match="unable to open"):
        make_engine(installation, gone).connect()
    assert not metadata_file(bound.settings, gone).exists()
