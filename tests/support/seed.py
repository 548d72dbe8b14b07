"""Fills one workspace with rows that carry its canary; ids are the same in every workspace.

Runs in a process of its own. Standard input: JSON with `id`, `slug` and `canary`.
"""

import json
import sqlite3
import sys
from pathlib import Path

from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.installation import install
from overset.tenancy.locations import data_folder
from overset.tenancy.workspace import Workspace, WorkspaceState

ROWS = 20


def main() -> None:
    given = json.load(sys.stdin)
    settings = load()
    keys = load_keys(settings)
    install(settings, keys=keys)
    for one in given:
        workspace = Workspace(
            WorkspaceId(one["id"]), one["slug"], one["slug"], WorkspaceState.ACTIVE, TeamId("t")
        )
        file = data_folder(settings, workspace.id) / "warehouse.db"
        write_data(file, one["canary"])
        with enter(workspace):
            write_metadata(file, one["canary"])


def write_data(file: Path, canary: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE facts (id INTEGER, word TEXT, region TEXT, amount REAL)")
        rows = [(n, f"{canary}-{n}", "north" if n % 2 else "south", n * 1.5) for n in range(ROWS)]
        connection.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", rows)
        # A table whose very name is the workspace's own.
        connection.execute(f'CREATE TABLE "only_{canary}" (id INTEGER)')


def write_metadata(file: Path, canary: str) -> None:
    from superset import security_manager
    from superset.connectors.sqla.models import SqlaTable, SqlMetric, TableColumn
    from superset.extensions import db
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice
    from superset.models.sql_lab import SavedQuery
    from superset.utils import json as superset_json

    database = Database(
        database_name="warehouse",
        sqlalchemy_uri=f"sqlite:///{file}",
        expose_in_sqllab=True,
        extra=superset_json.dumps({"allows_virtual_table_explore": True}),
    )
    # An encrypted column, so that a wrong key is noticed.
    database.encrypted_extra = superset_json.dumps({"execution_options": {"note": canary}})
    table = _table(SqlaTable, TableColumn, SqlMetric, "facts", database, canary)
    virtual = _table(SqlaTable, TableColumn, SqlMetric, "virtual_facts", database, canary)
    virtual.sql = f"SELECT * FROM facts WHERE word LIKE '{canary}%'"
    chart = Slice(
        slice_name=f"Chart {canary}",
        description=f"Description {canary}",
        viz_type="table",
        datasource_type="table",
        params="{}",
    )
    db.session.add_all([database, table, virtual])
    db.session.flush()
    chart.datasource_id = table.id
    chart.params = superset_json.dumps(
        {
            "datasource": f"{table.id}__table",
            "viz_type": "table",
            "query_mode": "raw",
            "all_columns": ["word", "region", "amount"],
            # Superset's table preview reads these alone.
            "groupby": ["word", "region"],
            "row_limit": 10,
        }
    )
    chart.query_context = superset_json.dumps(
        {
            "datasource": {"id": table.id, "type": "table"},
            "queries": [{"columns": ["word", "region", "amount"], "row_limit": 10}],
        }
    )
    dashboard = Dashboard(
        dashboard_title=f"Dashboard {canary}",
        slug="main",
        css=f"/* {canary} */",
        published=True,
        slices=[chart],
        position_json="{}",
    )
    saved = SavedQuery(label=f"Saved {canary}", sql=f"SELECT '{canary}'", database=database)
    db.session.add_all([chart, dashboard, saved])
    db.session.flush()
    db.session.commit()
    # Superset's listeners have named the dataset's permission by now.
    _grant_gamma(security_manager, table)
    db.session.commit()


def _table(model, column, metric, name, database, canary):
    return model(
        table_name=name,
        schema="main",
        database=database,
        description=f"Dataset {canary}",
        columns=[
            column(column_name="id", type="INTEGER"),
            column(column_name="word", type="TEXT", description=canary),
            column(column_name="region", type="TEXT"),
            column(column_name="amount", type="REAL"),
        ],
        metrics=[metric(metric_name="count", expression="COUNT(*)")],
    )


def _grant_gamma(security_manager, dataset) -> None:
    permission = security_manager.add_permission_view_menu("datasource_access", dataset.perm)
    security_manager.add_permission_role(security_manager.find_role("Gamma"), permission)


if __name__ == "__main__":
    main()
