"""The manager's database: migrations, privacy, transactions, and what happens when it is down."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from overset.kernel.database import Database
from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings
from overset.manager.app import create_app
from overset.manager.migrate import upgrade
from overset.manager.services import Manager, open_manager
from overset.manager.tables import metadata
from overset.manager.workspaces.provisioner import NullProvisioner
from support.manager import Client, make_settings
from support.postgres import PostgresServer


def test_the_migrations_make_what_the_tables_say(manager: Manager):
    with manager.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_processes_that_start_together_migrate_once(manager_settings: Settings):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [manager_settings] * 4))

    upgrade(manager_settings)
    with open_manager(manager_settings, provisioner=NullProvisioner()) as manager:
        assert manager.changes.since(None).seq == 0


def test_a_database_of_a_newer_release_is_refused(manager_settings: Settings):
    upgrade(manager_settings)
    database = Database(manager_settings.manager_dsn)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()

    with pytest.raises(SettingsError, match="'9999'"):
        upgrade(manager_settings)


def test_the_sqlite_file_is_its_owner_s_alone(tmp_path: Path):
    home = tmp_path / "new" / "home"
    upgrade(make_settings(home))

    assert stat.S_IMODE((home / "manager.db").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_sqlite_enforces_foreign_keys_and_does_not_block_readers(tmp_path: Path):
    database = Database(make_settings(tmp_path).manager_dsn)
    with database.reading() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("foreign_keys", "journal_mode", "busy_timeout")
        }
    database.close()

    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 10000}


def test_many_writers_at_once_lose_nothing(manager: Manager):
    def write(number: int) -> None:
        manager.teams.create(f"team-{number}", name="Team")
        manager.users.create(f"user-{number}@example.com")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(write, range(40)))

    assert len(manager.teams.page(limit=100).items) == 40
    assert len(manager.users.page(limit=100).items) == 40


def test_a_member_that_is_put_by_many_at_once_is_one(manager: Manager):
    manager.teams.create("demo", name="Demo")
    manager.workspaces.create("acme", team="demo")
    user = manager.users.create("ada@example.com")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: manager.members.put("acme", user.id, role="Gamma"), range(16)))

    assert [member.role for member in manager.members.page("acme").items] == ["Gamma"]


def test_one_slug_asked_for_by_many_at_once_is_given_once(manager: Manager, provisioner):
    manager.teams.create("demo", name="Demo")

    def create(_: int) -> str:
        try:
            return manager.workspaces.create("acme", team="demo").id
        except Exception as error:  # noqa: BLE001  # its code is compared below
            return getattr(error, "code", repr(error))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(8)))

    assert sorted(answers)[:7] == ["workspace_exists"] * 7
    assert len(provisioner.existing) == 1


def test_a_database_that_is_down_is_told_and_found_again(
    tmp_path: Path, own_postgres: PostgresServer
):
    settings = make_settings(tmp_path, manager_database_url=own_postgres.create_database("manager"))
    with open_manager(settings, provisioner=NullProvisioner()) as manager:
        client = Client(create_app(settings, services=manager))
        service = Client(client.app, manager.service_key.get_secret_value())
        assert client.get("/health/ready").json() == {"status": "ok"}

        own_postgres.stop()
        assert client.get("/health/live").status_code == 200
        for answer in (
            client.get("/health/ready"),
            client.get("/.well-known/jwks.json"),
            service.get("/internal/v1/changes"),
        ):
            assert answer.status_code == 503
            assert answer.json()["code"] == "database_unavailable"
            assert answer.headers["Retry-After"] == "5"
            assert own_postgres.password not in answer.text

        own_postgres.start()
        assert client.get("/health/ready").status_code == 200
        assert service.get("/internal/v1/changes").status_code == 200
