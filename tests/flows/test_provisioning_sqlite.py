"""A workspace's SQLite metadata: made from the template, found again, and gone when dropped."""

import os
import resource
import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from overset.kernel.errors import SettingsError
from overset.kernel.ids import WorkspaceId, new_workspace_id
from overset.kernel.secrets import load_keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import (
    data_folder,
    examples_url,
    metadata_file,
    metadata_url,
    template_database,
    template_file,
)
from overset.tenancy.provisioning.create import make_provisioner
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tenancy.provisioning.schema import (
    check_unused,
    read_revision,
    schema_head,
    superset_release,
)
from overset.tenancy.provisioning.template import ensure_template
from support.provisioning import MASTER_KEY, settings_for


@pytest.fixture
def settings(fresh_home: Path) -> Settings:
    return settings_for(fresh_home)


def create(settings: Settings) -> WorkspaceId:
    workspace_id = new_workspace_id()
    make_provisioner(settings, load_keys(settings)).create(workspace_id)
    return workspace_id


def rows(path: Path, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_new_workspace_has_the_schema_of_the_code_and_nobody_in_it(settings):
    path = metadata_file(settings, create(settings))

    assert read_revision(f"sqlite:///{path}") == schema_head()
    assert rows(path, "SELECT count(*) FROM ab_user") == [(0,)]
    assert rows(path, "SELECT count(*) FROM key_value") == [(0,)]
    assert rows(path, "SELECT count(*) FROM themes WHERE is_system") == [(2,)]
    assert {name for (name,) in rows(path, "SELECT name FROM ab_role")} >= {
        *("Admin", "Alpha", "Gamma", "Public", "sql_lab")
    }


def test_only_the_owner_reads_a_workspaces_files(settings):
    path = metadata_file(settings, create(settings))

    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


def test_a_workspace_is_made_within_half_a_second(settings):
    before = time.perf_counter()
    create(settings)

    assert time.perf_counter() - before < 0.5


def test_what_one_workspace_writes_is_in_no_other_and_not_in_the_template(settings):
    first, second = create(settings), create(settings)
    with closing(sqlite3.connect(metadata_file(settings, first))) as connection:
        connection.execute("UPDATE ab_role SET name = 'canary' WHERE name = 'Gamma'")
        connection.commit()

    found = "SELECT count(*) FROM ab_role WHERE name = 'canary'"
    assert rows(metadata_file(settings, first), found) == [(1,)]
    assert rows(metadata_file(settings, second), found) == [(0,)]
    assert rows(template_file(settings, superset_release()), found) == [(0,)]


def test_workspaces_made_at_the_same_time_are_all_whole(settings):
    made: list[WorkspaceId] = []
    threads = [threading.Thread(target=lambda: made.append(create(settings))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [read_revision(f"sqlite:///{metadata_file(settings, one)}") for one in made] == (
        [schema_head()] * 8
    )


def test_a_workspace_that_is_there_is_never_overwritten(settings):
    workspace_id = create(settings)
    before = metadata_file(settings, workspace_id).stat()

    with pytest.raises(ProvisioningError, match="already"):
        make_provisioner(settings, load_keys(settings)).create(workspace_id)

    assert metadata_file(settings, workspace_id).stat() == before


def test_dropping_removes_the_metadata_and_the_data_of_that_workspace_alone(settings):
    gone, kept = create(settings), create(settings)
    for workspace_id in (gone, kept):
        data_folder(settings, workspace_id).mkdir(parents=True)
        (data_folder(settings, workspace_id) / "examples.db").touch()
    metadata_file(settings, gone).with_name(f"{gone}.db-wal").touch()
    provisioner = make_provisioner(settings, load_keys(settings))

    provisioner.drop(gone)
    provisioner.drop(gone)  # once more is no matter

    assert (provisioner.exists(gone), provisioner.exists(kept)) == (False, True)
    assert files_of(settings.home / "workspaces") == [f"{kept}.db"]
    assert files_of(settings.home / "data") == [kept]


@pytest.mark.parametrize(
    "name", ["../manager", "ws_../../x", "ws_" + "a" * 27, "ws_" + "A" * 26, "", "acme", "ws_a\n"]
)
def test_a_name_that_is_no_id_reaches_no_file(settings, name):
    keys = load_keys(settings)
    provisioner = make_provisioner(settings, keys)
    before = sorted(settings.home.rglob("*"))

    for act in (provisioner.create, provisioner.drop):
        with pytest.raises(ValueError, match="not the id"):
            act(WorkspaceId(name))
    with pytest.raises(ValueError, match="not the id"):
        metadata_url(settings, keys, WorkspaceId(name))
    with pytest.raises(ValueError, match="not the id"):
        examples_url(settings, WorkspaceId(name))

    assert not provisioner.exists(WorkspaceId(name))
    assert sorted(settings.home.rglob("*")) == before


def test_a_release_that_is_no_release_names_no_template(settings):
    for act in (lambda name: template_file(settings, name), template_database):
        with pytest.raises(ValueError, match="not the name"):
            act("../6.1.0")


def test_data_and_metadata_never_share_a_folder(settings):
    workspace_id = new_workspace_id()

    metadata = metadata_file(settings, workspace_id).parent
    assert metadata not in (data := data_folder(settings, workspace_id), *data.parents)
    assert data not in (metadata, *metadata.parents)


def test_on_a_server_a_workspace_signs_in_with_its_own_role_and_derived_password(tmp_path):
    settings = settings_for(
        tmp_path, metadata_url="postgresql://someone:else@db.example.com:6432/x?sslmode=require"
    )
    keys = load_keys(settings)
    first, second = new_workspace_id(), new_workspace_id()

    url = metadata_url(settings, keys, first)
    assert url.startswith(f"postgresql+psycopg2://{first}:")
    assert url.endswith(f"@db.example.com:6432/{first}?sslmode=require")
    assert metadata_url(settings, keys, first) == url
    passwords = {
        metadata_url(settings, keys, one).split(":")[2].split("@")[0] for one in (first, second)
    }
    assert len(passwords) == 2
    assert MASTER_KEY not in url


def test_a_server_without_an_administrator_is_refused_before_any_workspace(tmp_path):
    settings = settings_for(tmp_path, metadata_url="postgresql://db.example.com:5432")

    with pytest.raises(SettingsError, match="OVERSET_METADATA_ADMIN_URL"):
        make_provisioner(settings, load_keys(settings))


def test_a_home_that_cannot_be_written_is_named_with_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    settings = settings_for(tmp_path / "file" / "home")

    with pytest.raises(ProvisioningError, match="choose another home"):
        create(settings)


def test_a_full_disk_is_named_with_what_to_do_and_leaves_no_part(settings):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(ProvisioningError, match="then start again"):
            create(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert files_of(settings.home / "workspaces") == []


def test_a_database_that_is_missing_empty_or_used_is_told_apart(settings, tmp_path):
    missing = tmp_path / "missing.db"
    with pytest.raises(ProvisioningError, match="does not answer"):
        read_revision(f"sqlite:///{missing}")
    assert not missing.exists()

    sqlite3.connect(tmp_path / "empty.db").close()
    os.truncate(tmp_path / "empty.db", 0)
    assert read_revision(f"sqlite:///{tmp_path / 'empty.db'}") is None

    used = metadata_file(settings, create(settings))
    with closing(sqlite3.connect(used)) as connection:
        connection.execute(
            "INSERT INTO ab_user (id, first_name, last_name, username, email)"
            " VALUES (1, 'a', 'b', 'c', 'd')"
        )
        connection.commit()
    with pytest.raises(ProvisioningError, match="was used"):
        check_unused(f"sqlite:///{used}")


def test_a_template_that_is_there_is_not_made_again(settings):
    told: list[str] = []
    ensure_template(settings, load_keys(settings), progress=told.append)

    assert told == []
