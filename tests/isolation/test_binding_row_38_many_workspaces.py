"""Row 38: more workspaces than engines are open at a time, and each answers only its own rows."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine

from overset.kernel.ids import WorkspaceId
from overset.tenancy.binding.engines import EnginePool
from overset.tenancy.binding.hooks import ALL
from overset.tenancy.binding.installation import Installation
from overset.tenancy.binding.metadata_engines import MetadataEngines
from overset.tenancy.locations import metadata_url
from overset.tenancy.provisioning.create import make_provisioner
from support.binding import Bound

TITLE = text("SELECT dashboard_title FROM dashboards WHERE id = :id")
MINE = text("UPDATE dashboards SET description = :mine WHERE id = 1")


@pytest.fixture
def third(bound: Bound) -> Iterator[WorkspaceId]:
    """A workspace besides `bound`'s two."""
    made = WorkspaceId("ws_" + "c" * 26)
    provisioner = make_provisioner(bound.settings, bound.keys)
    provisioner.create(made)
    engine = create_engine(metadata_url(bound.settings, bound.keys, made))
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO dashboards (id, dashboard_title, uuid, published, created_on,"
                " changed_on) VALUES (1, 'Dashboard 1 of third', x'01', true, CURRENT_TIMESTAMP,"
                " CURRENT_TIMESTAMP)"
            )
        )
    engine.dispose()
    yield made
    provisioner.drop(made)


@pytest.fixture
def pool(bound: Bound) -> EnginePool:
    """At most two engines."""
    installation = Installation(bound.settings, bound.keys, ALL, "base")
    return EnginePool(MetadataEngines(installation).make, most=2)


def title(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(TITLE, {"id": 1}).scalar())


def test_row_38_three_workspaces_in_two_engines_answer_their_own_rows(
    bound: Bound, pool: EnginePool, third: WorkspaceId
) -> None:
    names = {bound.a.id: "acme", bound.b.id: "globex", third: "third"}
    chosen = list(itertools.chain.from_iterable(itertools.permutations(names))) * 15

    def ask(one: WorkspaceId) -> tuple[str, int]:
        return title(pool.get(one)), len(pool)

    in_turn = [ask(one) for one in list(names) * 3]
    with ThreadPoolExecutor(6) as threads:
        at_once = list(threads.map(ask, chosen))

    asked = list(names) * 3 + chosen
    assert [told for told, _ in in_turn + at_once] == [
        f"Dashboard 1 of {names[one]}" for one in asked
    ]
    assert max(count for _, count in in_turn + at_once) <= 2


def test_row_38_an_engine_that_is_closed_in_use_finishes_its_work_and_keeps_no_connection(
    bound: Bound, pool: EnginePool, third: WorkspaceId
) -> None:
    engine = pool.get(bound.a.id)
    with engine.connect() as connection, connection.begin():
        connection.execute(MINE, {"mine": "kept"})
        lent = connection.connection.dbapi_connection
        for one in (bound.b.id, third):
            title(pool.get(one))
        assert title(engine) == "Dashboard 1 of acme"

    assert pool.get(bound.a.id) is not engine
    assert engine.pool.checkedin() <= 1
    with pytest.raises(Exception, match="closed"):
        lent.execute("SELECT 1")
    with pool.get(bound.a.id).connect() as connection:
        assert connection.execute(text("SELECT description FROM dashboards WHERE id = 1")).scalar()


def test_row_38_an_engine_that_others_put_to_sleep_finishes_its_work_and_wakes_again(
    bound: Bound,
) -> None:
    installation = Installation(bound.settings, bound.keys, ALL, "base")
    pool = EnginePool(MetadataEngines(installation).make, most=2, awake=1)
    engine = pool.get(bound.a.id)
    assert title(engine) == "Dashboard 1 of acme"
    assert engine.pool.checkedin() == 1

    with engine.begin() as connection:
        connection.execute(MINE, {"mine": "asleep"})
        assert title(pool.get(bound.b.id)) == "Dashboard 1 of globex"
        assert engine.pool.checkedin() == 0

    assert pool.get(bound.a.id) is engine
    with engine.connect() as connection:
        found = connection.execute(text("SELECT description FROM dashboards WHERE id = 1"))
        assert found.scalar() == "asleep"


def test_row_38_engines_share_compiled_statements_and_not_their_values(
    bound: Bound, pool: EnginePool
) -> None:
    a, b = pool.get(bound.a.id), pool.get(bound.b.id)
    assert title(a) == "Dashboard 1 of acme"
    known = len(a._compiled_cache)

    assert title(b) == "Dashboard 1 of globex"
    assert a.dialect is b.dialect
    assert a._compiled_cache is b._compiled_cache
    assert len(b._compiled_cache) == known


def test_row_38_sqlite_has_a_journal_in_which_readers_and_a_writer_do_not_wait(
    bound: Bound, pool: EnginePool
) -> None:
    with pool.get(bound.a.id).connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        ]

    assert found == ["wal", 1, 5000, 1]
