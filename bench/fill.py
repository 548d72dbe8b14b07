"""Fills workspaces with as much as is wanted, in a process of its own with Overset's binding."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.deployment import Platform


@dataclass(frozen=True, slots=True)
class Filling:
    """How many more of each a workspace gets, and the URL of a data source, if any."""

    id: str
    slug: str
    charts: int = 0
    datasets: int = 0
    dashboards: int = 0
    source: str | None = None


def fill(platform: Platform, fillings: Sequence[Filling]) -> None:
    """Fill workspaces."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.fill"],
        # On standard input: a source's URL has its password.
        input=json.dumps([asdict(one) for one in fillings]),
        env={**os.environ, **platform.environment},
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"workspaces could not be filled: {done.stderr[-2000:]}")


def main() -> None:
    """Fill the workspaces on standard input."""
    from overset.tenancy.binding.app import enter
    from overset.tenancy.binding.installation import install

    settings = load()
    install(settings, keys=load_keys(settings))
    for given in json.load(sys.stdin):
        one = Filling(**given)
        with enter(
            Workspace(
                WorkspaceId(one.id), one.slug, one.slug, WorkspaceState.ACTIVE, TeamId("tests")
            )
        ):
            _fill(one)


def _fill(one: Filling) -> None:
    from superset import security_manager
    from superset.extensions import db
    from superset.models.core import Database

    warehouse = db.session.query(Database).filter_by(database_name="warehouse").one_or_none()
    if warehouse is None:
        warehouse = Database(database_name="warehouse", sqlalchemy_uri="sqlite://")
        db.session.add(warehouse)
    db.session.flush()
    if one.source:
        source = Database(database_name="postgres", expose_in_sqllab=True)
        source.set_sqlalchemy_uri(one.source)
        db.session.add(source)
    owners = security_manager.get_all_users()[:1]
    _add_objects(db.session, one, warehouse, owners)
    db.session.commit()


def _add_objects(session: Any, one: Filling, warehouse: Any, owners: list[Any]) -> None:
    from superset.connectors.sqla.models import SqlaTable, SqlMetric, TableColumn
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    datasets = [
        SqlaTable(
            table_name=f"dataset_{n}",
            schema="main",
            database=warehouse,
            sql="SELECT * FROM facts",
            owners=owners,
            columns=[TableColumn(column_name=name, type="TEXT") for name in ("word", "region")],
            metrics=[SqlMetric(metric_name="count", expression="COUNT(*)")],
        )
        for n in range(one.datasets)
    ]
    session.add_all(datasets)
    session.flush()
    charts = [
        Slice(
            slice_name=f"Chart {n}",
            viz_type="table",
            datasource_type="table",
            datasource_id=datasets[n % len(datasets)].id,
            params="{}",
            owners=owners,
        )
        for n in range(one.charts)
    ]
    session.add_all(charts)
    session.add_all(
        Dashboard(dashboard_title=f"Dashboard {n}", slices=charts[n::9][:5], owners=owners)
        for n in range(one.dashboards)
    )


if __name__ == "__main__":
    main()
