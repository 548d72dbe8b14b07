"""`overset workspace upgrade`: an older schema becomes the code's; one that fails stops nobody."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from overset.kernel.secrets import load_keys
from overset.manager.services import Manager, open_manager
from overset.tenancy.locations import metadata_file
from overset.tenancy.provisioning.schema import read_revision, schema_head
from support.provisioning import MASTER_KEY, settings_for

OVERSET = Path(sys.executable).parent / "overset"

OLDER = """
import sys
from overset.tenancy.provisioning.child import private_superset
app = private_superset(url=sys.argv[1], secret_key="a-key-that-signs-nothing-at-all-here")
with app.app_context():
    import flask_migrate
    flask_migrate.downgrade()
"""


@pytest.fixture
def manager(fresh_home: Path):
    settings = settings_for(fresh_home)
    with open_manager(settings, keys=load_keys(settings)) as manager:
        manager.teams.create("team", name="Team")
        yield manager


def file_of(manager: Manager, slug: str) -> Path:
    return metadata_file(manager.settings, manager.workspaces.create(slug, team="team").id)


def upgrade(home: Path, *slugs: str) -> tuple[int, dict[str, str]]:
    done = subprocess.run(
        [OVERSET, "workspace", "upgrade", *slugs, "--home", home, "--json"],
        env={**os.environ, "OVERSET_MASTER_KEY": MASTER_KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, {one["slug"]: one["result"] for one in json.loads(done.stdout)}


def test_an_older_workspace_is_upgraded_and_a_current_one_is_left(
    manager: Manager, fresh_home: Path
) -> None:
    older, current = file_of(manager, "older"), file_of(manager, "current")
    subprocess.run([sys.executable, "-c", OLDER, f"sqlite:///{older}"], check=True, cwd=fresh_home)
    before = read_revision(f"sqlite:///{older}")
    untouched = current.read_bytes()
    assert before != schema_head()

    code, results = upgrade(fresh_home)

    assert (code, results) == (0, {"older": "upgraded", "current": "was current"})
    assert read_revision(f"sqlite:///{older}") == schema_head()
    assert current.read_bytes() == untouched
    copies = list((fresh_home / "backups").iterdir())
    assert [read_revision(f"sqlite:///{copy}") for copy in copies] == [before]


def test_a_workspace_that_cannot_be_upgraded_is_told_and_the_others_go_on(
    manager: Manager, fresh_home: Path
) -> None:
    broken = file_of(manager, "broken")
    file_of(manager, "current")
    with sqlite3.connect(broken) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '000000000000'")

    code, results = upgrade(fresh_home)

    assert code == 1
    assert results["broken"].startswith("failed: ")
    assert results["current"] == "was current"
