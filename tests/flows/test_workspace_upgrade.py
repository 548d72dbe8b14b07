"""`overset workspace upgrade`: an older schema becomes the code's; one that fails stops nobody."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from filelock import FileLock
from pydantic import SecretStr

from overset.kernel.secrets import load_keys
from overset.manager.services import Manager, open_manager
from overset.tenancy.locations import metadata_file, metadata_url
from overset.tenancy.provisioning.schema import read_revision, schema_head
from support.postgres import PostgresServer
from support.processes import wait_until
from support.provisioning import MASTER_KEY, postgres_settings_for, settings_for

OVERSET = Path(sys.executable).parent / "overset"

OLDER = """
import sys
from overset.tenancy.provisioning.child import private_superset
app = private_superset(url=sys.argv[1], secret_key="a-key-that-signs-nothing-at-all-here")
with app.app_context():
    import flask_migrate
    flask_migrate.downgrade()
"""
UNKNOWN = "UPDATE alembic_version SET version_num = '000000000000'"
NOTE = "CREATE TABLE note AS SELECT 'committed' AS said"


@pytest.fixture
def manager(fresh_home: Path):
    settings = settings_for(fresh_home)
    with open_manager(settings, keys=load_keys(settings)) as manager:
        manager.teams.create("team", name="Team")
        yield manager


@pytest.fixture
def postgres_manager(own_postgres: PostgresServer, tmp_path: Path):
    # The administrator is no superuser, as in production.
    own_postgres.execute("CREATE ROLE boss LOGIN CREATEDB CREATEROLE PASSWORD 'boss'")
    admin_url = own_postgres.url("postgres", user="boss", password="boss")
    settings = postgres_settings_for(own_postgres, tmp_path / "home").model_copy(
        update={"metadata_admin_url": SecretStr(admin_url)}
    )
    with open_manager(settings, keys=load_keys(settings)) as manager:
        manager.teams.create("team", name="Team")
        yield manager


def file_of(manager: Manager, slug: str) -> Path:
    return metadata_file(manager.settings, manager.workspaces.create(slug, team="team").id)


def revision_of(file: Path) -> str | None:
    return read_revision(f"sqlite:///{file}")


def make_older(url: str, folder: Path) -> None:
    subprocess.run([sys.executable, "-c", OLDER, url], check=True, cwd=folder)


def start(manager: Manager, *arguments: str) -> subprocess.Popen:
    settings = manager.settings
    urls = {
        f"OVERSET_{name.upper()}": getattr(settings, name).get_secret_value()
        for name in ("metadata_url", "metadata_admin_url")
        if getattr(settings, name)
    }
    return subprocess.Popen(
        [OVERSET, "workspace", "upgrade", *arguments, "--home", settings.home, "--json"],
        env={**os.environ, "OVERSET_MASTER_KEY": MASTER_KEY, **urls},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(command: subprocess.Popen) -> tuple[int, dict[str, dict], str]:
    printed, said = command.communicate(timeout=200)
    return command.returncode, {one["slug"]: one for one in json.loads(printed)}, said


def results(rows: dict[str, dict]) -> dict[str, str]:
    return {slug: row["result"].partition(":")[0] for slug, row in rows.items()}


def test_a_failing_workspace_is_told_and_those_around_it_are_upgraded(manager: Manager) -> None:
    older, broken, current = (file_of(manager, slug) for slug in ("older", "broken", "current"))
    make_older(f"sqlite:///{older}", manager.settings.home)
    before = revision_of(older)
    untouched = current.read_bytes()
    assert before != schema_head()
    with closing(sqlite3.connect(broken)) as connection, connection:
        connection.execute(UNKNOWN)
    with closing(sqlite3.connect(older)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute(NOTE)
        connection.commit()  # which is in the `-wal` file alone, while this connection is open

        code, rows, said = ended(start(manager))

    assert code == 1
    assert results(rows) == {"older": "upgraded", "broken": "failed", "current": "was current"}
    assert revision_of(older) == schema_head()
    assert current.read_bytes() == untouched
    assert rows["current"]["copy"] is None
    with closing(sqlite3.connect(rows["older"]["copy"])) as copy:
        assert copy.execute("SELECT said FROM note").fetchall() == [("committed",)]
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(before,)]
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    # What it says about the one that failed brings it back, whatever became of it.
    assert rows["broken"]["copy"] in said
    broken.write_bytes(b"torn")
    subprocess.run(rows["broken"]["restore"].partition("run: ")[2], shell=True, check=True)  # noqa: S602
    assert revision_of(broken) == "000000000000"

    # A later attempt does not write over the first copy, and a deleted workspace leaves none.
    assert ended(start(manager, "broken"))[1]["broken"]["copy"] != rows["broken"]["copy"]
    backups = manager.settings.home / "backups"
    assert len(list(backups.iterdir())) == 3
    manager.workspaces.delete("broken")
    assert [str(path) for path in backups.iterdir()] == [rows["older"]["copy"]]


def test_several_run_at_once_and_a_second_run_does_what_an_interrupted_one_left(
    manager: Manager,
) -> None:
    files = [file_of(manager, slug) for slug in ("first", "second", "third")]
    make_older(f"sqlite:///{files[0]}", manager.settings.home)
    for other in files[1:]:
        shutil.copyfile(files[0], other)
    before = revision_of(files[0])
    logs = manager.settings.home / "logs"

    def begun() -> list[Path]:
        return [one for one in files if (logs / f"upgrade-{one.stem}.log").exists()]

    command = start(manager, "--parallel", "2")
    wait_until(lambda: len(begun()) == 2, 60, what="two upgrades")
    assert {revision_of(file) for file in files} == {before}
    taken = begun()
    os.killpg(command.pid, signal.SIGINT)  # as a terminal does: the command and all that it started
    code, rows, said = ended(command)

    assert (code, len(taken)) == (130, 2)
    assert list(results(rows).values()) == ["upgraded", "upgraded"]
    assert "1 not begun" in said
    assert {file for file in files if revision_of(file) == schema_head()} == set(taken)

    with FileLock(manager.settings.home / "upgrade.lock"):
        refused = start(manager)
        assert "another upgrade is running" in refused.communicate(timeout=60)[1]
        assert refused.returncode == 1

    code, rows, _said = ended(start(manager))

    assert code == 0
    assert sorted(results(rows).values()) == ["upgraded", "was current", "was current"]


def test_postgresql_is_copied_by_the_server_and_a_failing_workspace_stops_nobody(
    postgres_manager: Manager, own_postgres: PostgresServer
) -> None:
    manager, settings = postgres_manager, postgres_manager.settings
    ids = {
        slug: manager.workspaces.create(slug, team="team").id
        for slug in ("older", "broken", "current")
    }
    urls = {slug: metadata_url(settings, load_keys(settings), one) for slug, one in ids.items()}
    make_older(urls["older"], settings.home)
    before = read_revision(urls["older"])
    assert before != schema_head()
    own_postgres.execute(UNKNOWN, database=ids["broken"])
    # An upgrade was killed while it kept others out.
    own_postgres.execute(f'ALTER DATABASE "{ids["current"]}" WITH ALLOW_CONNECTIONS false')

    with closing(psycopg2.connect(plain(urls["older"]))) as guest:
        code, rows, said = ended(start(manager))
        with pytest.raises(psycopg2.OperationalError), guest.cursor() as cursor:
            cursor.execute("SELECT 1")

    assert code == 1
    assert results(rows) == {"older": "upgraded", "broken": "failed", "current": "was current"}
    assert read_revision(urls["older"]) == schema_head()
    copies = "SELECT datname, pg_get_userbyid(datdba), datallowconn FROM pg_database"
    found = {row for row in own_postgres.execute(copies) if "_before_" in row[0]}
    assert found == {(rows[slug]["copy"], "boss", False) for slug in ("older", "broken")}

    # A copy is of the old revision, and what is said brings it back, for the workspace alone.
    assert rows["broken"]["restore"] in said
    sentence = rows["broken"]["restore"].replace(ids["broken"], ids["older"])
    restore(own_postgres, sentence.replace("_before_000000000000", f"_before_{before}"))
    assert read_revision(urls["older"]) == before
    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        psycopg2.connect(plain(urls["current"]), dbname=ids["older"])

    for slug in ids:
        manager.workspaces.delete(slug)
    left = {name for (name,) in own_postgres.execute("SELECT datname FROM pg_database")}
    assert not [name for name in left if name.startswith("ws_")]


def plain(url: str) -> str:
    return url.replace("postgresql+psycopg2", "postgresql")


def restore(server: PostgresServer, sentence: str) -> None:
    url = server.url("postgres", user="boss", password="boss")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in sentence.partition("one by one: ")[2].split("; "):
                cursor.execute(statement)
