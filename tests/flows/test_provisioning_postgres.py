"""A workspace's PostgreSQL database opens to its own role and to no other workspace's."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg2
import pytest
from psycopg2 import errors, sql
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from overset.kernel.ids import WorkspaceId, new_workspace_id
from overset.kernel.secrets import Keys, load_keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import (
    data_folder,
    database_password,
    metadata_url,
    template_database,
)
from overset.tenancy.provisioning.create import Provisioner, make_provisioner
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tenancy.provisioning.schema import read_revision, schema_head, superset_release
from overset.tenancy.provisioning.template import ensure_template, silent
from support.postgres import PostgresServer, running_postgres
from support.provisioning import settings_for

TEMPLATE = template_database(superset_release())


@dataclass(frozen=True)
class Platform:
    """A platform whose administrator on the server is a role that is no superuser."""

    server: PostgresServer
    settings: Settings
    keys: Keys
    administrator: str

    @property
    def provisioner(self) -> Provisioner:
        return make_provisioner(self.settings, self.keys)

    def create(self) -> WorkspaceId:
        workspace_id = new_workspace_id()
        self.provisioner.create(workspace_id)
        return workspace_id

    def url(self, workspace_id: WorkspaceId, *, database: str | None = None) -> str:
        own = make_url(metadata_url(self.settings, self.keys, workspace_id))
        url = own.set(drivername="postgresql", database=database or own.database)
        return url.render_as_string(hide_password=False)

    def has_role(self, name: str) -> bool:
        return (name,) in self.server.execute("SELECT rolname FROM pg_roles")

    def rows(self, workspace_id: WorkspaceId, statement: str, *, database: str | None = None):
        with closing(psycopg2.connect(self.url(workspace_id, database=database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []


def new_administrator(server: PostgresServer, *, rights: str) -> tuple[str, str]:
    name, password = f"admin_{secrets.token_hex(4)}", secrets.token_urlsafe(12)
    server.execute(
        sql.SQL(f"CREATE ROLE {{}} LOGIN PASSWORD {{}} {rights}").format(
            sql.Identifier(name), sql.Literal(password)
        )
    )
    return name, server.url("postgres", user=name, password=password)


def settings_on(server: PostgresServer, home, admin_url: str) -> Settings:
    return settings_for(
        home,
        metadata_url=SecretStr(server.public_url),
        metadata_admin_url=SecretStr(admin_url),
    )


@pytest.fixture(scope="module")
def platform(tmp_path_factory) -> Iterator[Platform]:
    with running_postgres() as server:
        name, url = new_administrator(server, rights="CREATEDB CREATEROLE")
        # A first attempt was killed half way.
        server.execute(f'CREATE DATABASE "{TEMPLATE}_part" OWNER {name}')
        settings = settings_on(server, tmp_path_factory.mktemp("home"), url)
        ensure_template(settings, load_keys(settings), progress=silent)
        yield Platform(server, settings, load_keys(settings), name)


@pytest.fixture(scope="module")
def two(platform: Platform) -> Iterator[tuple[WorkspaceId, WorkspaceId]]:
    first, second = platform.create(), platform.create()
    yield first, second
    for workspace_id in (first, second):
        platform.provisioner.drop(workspace_id)


def test_both_clones_have_the_schema_of_the_code_and_the_same_ids(platform, two):
    for workspace_id in two:
        url = metadata_url(platform.settings, platform.keys, workspace_id)
        assert read_revision(url) == schema_head()
    ids = "SELECT id, name FROM ab_role ORDER BY id"
    assert platform.rows(two[0], ids) == platform.rows(two[1], ids) != []
    assert platform.rows(two[0], "SELECT count(*) FROM ab_user") == [(0,)]


def test_the_role_owns_every_object_of_its_database(platform, two):
    owners = """
        SELECT DISTINCT rolname FROM pg_roles WHERE oid IN (
            SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION SELECT typowner FROM pg_type WHERE typnamespace = 'public'::regnamespace
            UNION SELECT proowner FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'public'
            UNION SELECT datdba FROM pg_database WHERE datname = current_database())
    """
    left = """
        SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
        WHERE r.rolname = 'overset_template'
          AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    """

    assert platform.rows(two[0], owners) == [(two[0],)]
    assert platform.rows(two[0], left) == [(0,)]


def test_superset_could_change_its_own_schema_as_that_role(platform, two):
    for statement in (
        "ALTER TABLE dashboards ADD COLUMN canary text",
        "CREATE TABLE canary (id serial PRIMARY KEY)",
        "DROP TABLE canary",
        "ALTER TABLE dashboards DROP COLUMN canary",
    ):
        platform.rows(two[0], statement)


def test_one_workspaces_credentials_open_neither_another_nor_the_template(platform, two):
    for database in (two[1], TEMPLATE):
        with pytest.raises(psycopg2.OperationalError, match=r"permission denied|not currently"):
            platform.rows(two[0], "SELECT 1", database=database)


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE {other}",
        "SET SESSION AUTHORIZATION {other}",
        "SET ROLE {administrator}",
        "SET ROLE overset_template",
        "CREATE ROLE canary",
        "CREATE DATABASE canary",
        "CREATE DATABASE canary TEMPLATE {template}",
        "CREATE DATABASE canary TEMPLATE {other}",
        "ALTER ROLE {own} CREATEDB",
        "ALTER ROLE {own} CONNECTION LIMIT -1",
        "ALTER ROLE {other} PASSWORD 'canary'",
        "GRANT {other} TO {own}",
        "GRANT CONNECT ON DATABASE {other} TO {own}",
        "REASSIGN OWNED BY {other} TO {own}",
        "DROP DATABASE {other}",
        "DROP DATABASE {template}",
        "DROP ROLE {other}",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY ab_user TO PROGRAM 'true'",
        "SELECT rolpassword FROM pg_authid",
        "CREATE EXTENSION dblink",
        "CREATE TABLESPACE canary LOCATION '/canary'",
    ],
)
def test_a_workspaces_role_may_do_nothing_beyond_its_database(platform, two, statement):
    names = {
        "own": two[0],
        "other": two[1],
        "administrator": platform.administrator,
        "template": TEMPLATE,
    }
    refused = (errors.InsufficientPrivilege, errors.ObjectInUse, errors.UndefinedFile)

    with pytest.raises(refused) as caught:
        platform.rows(two[0], statement.format(**names))
    assert isinstance(caught.value, errors.InsufficientPrivilege), caught.value


def test_in_the_database_that_all_share_a_workspace_finds_nothing_of_others(platform, two):
    platform.server.execute("CREATE TABLE IF NOT EXISTS of_the_server (canary text)")
    with pytest.raises(errors.InsufficientPrivilege):
        platform.rows(two[0], "SELECT * FROM of_the_server", database="postgres")
    with pytest.raises(errors.InsufficientPrivilege):
        platform.rows(two[0], "CREATE TABLE canary ()", database="postgres")
    others = "SELECT query FROM pg_stat_activity WHERE usename <> current_user AND query <> ''"
    assert {row for (row,) in platform.rows(two[0], others)} <= {"<insufficient privilege>"}


def test_roles_are_members_of_nothing_once_the_workspace_is_made(platform, two):
    members = platform.server.execute(
        "SELECT g.rolname, m.rolname FROM pg_auth_members a"
        " JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member"
        " WHERE m.rolname LIKE 'ws\\_%'"
    )

    assert members == []


def test_a_workspace_without_its_password_stays_out(platform, two):
    own = make_url(platform.url(two[0]))
    for password in (database_password(platform.keys, two[1]), "wrong", ""):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(own.set(password=password).render_as_string(hide_password=False))


def test_a_workspace_is_made_within_a_second_and_a_half(platform):
    before = time.perf_counter()
    workspace_id = platform.create()
    elapsed = time.perf_counter() - before
    platform.provisioner.drop(workspace_id)

    assert elapsed < 1.5


def test_workspaces_made_at_the_same_time_are_all_whole(platform):
    made: list[WorkspaceId] = []
    threads = [threading.Thread(target=lambda: made.append(platform.create())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    revisions = [platform.rows(one, "SELECT version_num FROM alembic_version") for one in made]
    assert revisions == [[(schema_head(),)]] * 4
    for workspace_id in made:
        platform.provisioner.drop(workspace_id)


def test_dropping_ends_open_connections_and_leaves_neither_role_nor_data(platform):
    workspace_id = platform.create()
    data_folder(platform.settings, workspace_id).mkdir(parents=True)
    with closing(psycopg2.connect(platform.url(workspace_id))) as connection:
        platform.provisioner.drop(workspace_id)
        platform.provisioner.drop(workspace_id)  # once more is no matter
        with pytest.raises(psycopg2.OperationalError):
            connection.cursor().execute("SELECT 1")

    assert not platform.provisioner.exists(workspace_id)
    assert not platform.has_role(workspace_id)
    assert not data_folder(platform.settings, workspace_id).exists()


def test_a_workspace_that_is_there_is_left_as_it_is(platform, two):
    with pytest.raises(ProvisioningError, match="already"):
        platform.provisioner.create(two[0])

    assert platform.rows(two[0], "SELECT count(*) FROM ab_user") == [(0,)]


def test_a_clone_that_fails_half_way_leaves_neither_role_nor_database(platform):
    # Someone keeps the template open: PostgreSQL gives up copying it after 5 s.
    workspace_id = new_workspace_id()
    platform.server.execute(f'ALTER DATABASE "{TEMPLATE}" ALLOW_CONNECTIONS true')
    try:
        with (
            closing(psycopg2.connect(platform.server.url(TEMPLATE))),
            pytest.raises(ProvisioningError, match="being accessed"),
        ):
            platform.provisioner.create(workspace_id)
    finally:
        platform.server.execute(f'ALTER DATABASE "{TEMPLATE}" ALLOW_CONNECTIONS false')

    assert not platform.provisioner.exists(workspace_id)
    assert not platform.has_role(workspace_id)


def test_the_template_is_closed_and_made_once(platform):
    told: list[str] = []
    ensure_template(platform.settings, platform.keys, progress=told.append)

    found = platform.server.execute("SELECT datname, datistemplate, datallowconn FROM pg_database")
    assert told == []
    assert [row for row in found if row[0].startswith("overset")] == [(TEMPLATE, True, False)]


def test_no_password_reaches_the_servers_log(platform, two):
    log = (platform.server.folder / "server.log").read_text()

    platform.server.execute("SELECT 'the log is read'")
    assert database_password(platform.keys, two[0]) not in log


def test_a_role_that_may_not_make_databases_is_told_what_to_run(own_postgres, tmp_path):
    name, url = new_administrator(own_postgres, rights="NOCREATEDB")
    settings = settings_on(own_postgres, tmp_path, url)

    with pytest.raises(ProvisioningError, match=f"ALTER ROLE {name} CREATEDB CREATEROLE"):
        make_provisioner(settings, load_keys(settings)).create(new_workspace_id())


def test_a_server_that_is_down_is_told_without_its_password(own_postgres, tmp_path):
    settings = settings_on(own_postgres, tmp_path, own_postgres.admin_url)
    own_postgres.stop()

    with pytest.raises(ProvisioningError, match="refused") as caught:
        make_provisioner(settings, load_keys(settings)).create(new_workspace_id())
    assert own_postgres.password not in str(caught.value)
