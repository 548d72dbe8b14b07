"""The demonstration's workspaces hold Superset's examples, and every role sees them."""

import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from overset.kernel.ids import WorkspaceId, new_workspace_id
from overset.kernel.secrets import Keys, load_keys
from overset.kernel.settings import Settings
from overset.tenancy.locations import (
    data_folder,
    examples_file,
    examples_url,
    metadata_file,
    metadata_url,
    superset_secret_key,
)
from overset.tenancy.provisioning.create import make_provisioner
from overset.tenancy.provisioning.demo import DEMO, is_loaded, load_all, load_examples
from overset.tenancy.provisioning.failures import ProvisioningError
from overset.tenancy.workspace import is_slug
from support import demo_probe
from support.postgres import PostgresServer
from support.provisioning import adopt_template, postgres_settings_for, settings_for


@dataclass(frozen=True)
class Demonstration:
    """The demo's two workspaces, filled."""

    settings: Settings
    keys: Keys
    ids: dict[str, WorkspaceId]

    def rows(self, slug: str, statement: str) -> list[tuple]:
        with closing(sqlite3.connect(metadata_file(self.settings, self.ids[slug]))) as connection:
            return connection.execute(statement).fetchall()

    def seen_by(self, role: str, slug: str, *, folder: Path) -> dict:
        """What Superset's own MCP service answers somebody with that role, asked on a copy."""
        workspace_id = self.ids[slug]
        copy = folder / f"{slug}.db"
        with (
            closing(sqlite3.connect(metadata_file(self.settings, workspace_id))) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
        job = {
            "url": f"sqlite:///{copy}",
            "secret_key": superset_secret_key(self.keys, workspace_id),
            "examples_url": examples_url(self.settings, workspace_id),
            "role": role,
        }
        done = subprocess.run(
            [sys.executable, "-P", demo_probe.__file__],
            check=False,
            capture_output=True,
            input=json.dumps(job).encode(),
            env={"SUPERSET_HOME": str(folder)},
        )
        assert done.returncode == 0, done.stderr.decode()[-4000:]
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def demonstration(template_home: Path, tmp_path_factory) -> Demonstration:
    # A name that a URL would understand otherwise.
    home = tmp_path_factory.mktemp("demo") / "a home, 100%25"
    adopt_template(template_home, home)
    settings = settings_for(home)
    keys = load_keys(settings)
    ids = {workspace.slug: new_workspace_id() for workspace in DEMO.workspaces}
    for workspace_id in ids.values():
        make_provisioner(settings, keys).create(workspace_id)
    examples = {ids[workspace.slug]: workspace.examples for workspace in DEMO.workspaces}
    load_all(examples, settings=settings, keys=keys)
    return Demonstration(settings, keys, ids)


@pytest.fixture(scope="module")
def seen(demonstration: Demonstration, tmp_path_factory) -> dict[str, dict]:
    folder = tmp_path_factory.mktemp("seen")
    with ThreadPoolExecutor(2) as pool:
        gamma = pool.submit(demonstration.seen_by, "Gamma", "acme", folder=folder)
        admin = pool.submit(demonstration.seen_by, "Admin", "globex", folder=folder)
        return {"Gamma": gamma.result(), "Admin": admin.result()}


@pytest.mark.parametrize(
    ("slug", "titles"),
    [
        ("acme", {"Sales Dashboard", "World Bank's Data"}),
        ("globex", {"Video Game Sales", "USA Births Names"}),
    ],
)
def test_each_workspace_has_its_own_published_dashboards_with_their_charts(
    demonstration, slug, titles
):
    dashboards = demonstration.rows(slug, "SELECT dashboard_title, published FROM dashboards")
    assert dict(dashboards) == dict.fromkeys(titles, 1)
    placed = demonstration.rows(
        slug,
        "SELECT d.position_json, group_concat(s.slice_id) FROM dashboards d"
        " JOIN dashboard_slices s ON s.dashboard_id = d.id GROUP BY d.id",
    )
    for position, charts in placed:
        shown = {
            part["meta"]["chartId"]
            for part in json.loads(position).values()
            if isinstance(part, dict) and part.get("type") == "CHART"
        }
        assert shown == {int(one) for one in charts.split(",")}
    orphans = "SELECT slice_name FROM slices WHERE datasource_id NOT IN (SELECT id FROM tables)"
    assert demonstration.rows(slug, orphans) == []


@pytest.mark.parametrize("slug", ["acme", "globex"])
def test_loading_leaves_no_user_no_owner_and_no_certificate(demonstration, slug):
    for everybody in (
        "SELECT * FROM ab_user",
        "SELECT * FROM dashboard_user",
        "SELECT * FROM slice_user",
        "SELECT * FROM sqlatable_user",
        "SELECT * FROM key_value",
        "SELECT id FROM dashboards WHERE coalesce(certified_by, '') <> ''",
        "SELECT id FROM slices WHERE coalesce(certified_by, '') <> ''",
    ):
        assert demonstration.rows(slug, everybody) == [], everybody


def test_the_data_source_is_the_workspaces_own_file_opened_for_reading(demonstration):
    for slug, workspace_id in demonstration.ids.items():
        path = examples_file(demonstration.settings, workspace_id)
        found = demonstration.rows(
            slug,
            "SELECT database_name, sqlalchemy_uri, expose_in_sqllab, allow_dml, allow_file_upload,"
            " allow_ctas, allow_cvas, password FROM dbs",
        )
        url = examples_url(demonstration.settings, workspace_id)
        assert found == [("examples", url, 1, 0, 0, 0, 0, None)]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
        engine = create_engine(url)
        with engine.connect() as connection, pytest.raises(Exception, match="readonly"):
            connection.execute(text("CREATE TABLE canary (id int)"))
        engine.dispose()


@pytest.mark.parametrize("role", ["Gamma", "Admin"])
def test_every_role_sees_the_examples_and_every_chart_has_data(seen, role):
    answers = seen[role]

    assert len(answers["list_dashboards"]["dashboards"]) == 2
    assert len(answers["list_datasets"]["datasets"]) == 2
    assert len(answers["list_charts"]["charts"]) == len(answers["chart_data"]) > 15
    empty = [name for name, data in answers["chart_data"].items() if not data["row_count"]]
    assert empty == []
    assert answers["dataset"]["columns"]
    assert answers["dataset"]["metrics"]


def test_sql_reads_the_examples_and_writes_nothing(seen):
    assert seen["Admin"]["sql"]["rows"] == [{"one": 1}]
    assert seen["Admin"]["write"]["success"] is False


def test_a_gamma_runs_no_sql_as_in_stock_superset(seen):
    assert "Permission denied" in seen["Gamma"]["sql"]


def test_a_second_start_finds_everything_and_loads_nothing(demonstration):
    paths = [examples_file(demonstration.settings, one) for one in demonstration.ids.values()]
    before = [path.stat() for path in paths]
    logs = sorted(demonstration.settings.home.rglob("logs/*"))
    written = [log.stat() for log in logs]

    examples = {demonstration.ids[one.slug]: one.examples for one in DEMO.workspaces}
    load_all(examples, settings=demonstration.settings, keys=demonstration.keys)

    assert [path.stat() for path in paths] == before
    assert [log.stat() for log in logs] == written


def test_a_load_that_was_killed_is_finished_by_the_next_one(demonstration):
    workspace_id = demonstration.ids["globex"]
    folder = data_folder(demonstration.settings, workspace_id)
    everything = "SELECT (SELECT count(*) FROM slices), (SELECT max(id) FROM slices)"
    before = demonstration.rows("globex", everything)
    (folder / "examples.loaded").unlink()
    (folder / "examples.db.part-dead").write_text("half written")
    assert not is_loaded(demonstration.settings, workspace_id)

    names = DEMO.workspaces[1].examples
    load_all({workspace_id: names}, settings=demonstration.settings, keys=demonstration.keys)

    assert is_loaded(demonstration.settings, workspace_id)
    assert demonstration.rows("globex", everything) == before
    assert {path.name for path in folder.iterdir()} == {"examples.db", "examples.loaded"}


def test_an_example_that_superset_lacks_is_named_and_leaves_nothing(fresh_home):
    settings = settings_for(fresh_home)
    keys = load_keys(settings)
    workspace_id = new_workspace_id()
    make_provisioner(settings, keys).create(workspace_id)

    with pytest.raises(ProvisioningError, match="no example 'no_such_thing'"):
        load_examples(workspace_id, ["no_such_thing"], settings=settings, keys=keys)

    assert not is_loaded(settings, workspace_id)
    assert list(data_folder(settings, workspace_id).iterdir()) == []


@pytest.fixture
def on_postgres(postgres: PostgresServer, tmp_path) -> Iterator[tuple[Settings, WorkspaceId]]:
    settings = postgres_settings_for(postgres, tmp_path)
    provisioner = make_provisioner(settings, load_keys(settings))
    workspace_id = new_workspace_id()
    provisioner.create(workspace_id)
    yield settings, workspace_id
    provisioner.drop(workspace_id)


def test_examples_load_as_the_workspaces_own_role_on_postgresql(on_postgres):
    settings, workspace_id = on_postgres
    keys = load_keys(settings)
    load_examples(workspace_id, ["video_game_sales"], settings=settings, keys=keys)

    engine = create_engine(metadata_url(settings, keys, workspace_id))
    with engine.connect() as connection:
        titles = connection.execute(text("SELECT dashboard_title FROM dashboards")).scalars().all()
        users = connection.execute(text("SELECT count(*) FROM ab_user")).scalar()
    engine.dispose()
    assert (titles, users) == (["Video Game Sales"], 0)
    password = metadata_url(settings, keys, workspace_id).split(":")[2].split("@")[0]
    for log in (settings.home / "logs").iterdir():
        assert password not in log.read_text()


def test_the_demonstration_is_consistent():
    emails = {person.email for person in DEMO.people}
    assert {email for one in DEMO.workspaces for email in one.members} == emails
    assert all(is_slug(one.slug) for one in DEMO.workspaces)
    roles = {role for one in DEMO.workspaces for role in one.members.values()}
    assert roles == {"Admin", "Alpha", "Gamma"}
    assert all("Admin" in one.members.values() for one in DEMO.workspaces)
