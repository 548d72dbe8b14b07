"""Fills a workspace that is compared with bare Superset: charts of every kind, roles, a row rule.

Runs in a process of its own. Argument: JSON with `id`, `slug` and `canary`. Charts and datasets,
by id: see `support.mirror`.
"""

import json
import sys

from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.secrets import load_keys
from overset.kernel.settings import load
from overset.tenancy.binding.app import enter
from overset.tenancy.binding.installation import install
from overset.tenancy.locations import data_folder
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.mirror import NORTH
from support.seed import write_data, write_metadata


def main() -> None:
    given = json.loads(sys.argv[1])
    settings = load()
    install(settings, keys=load_keys(settings))
    workspace = Workspace(
        WorkspaceId(given["id"]), given["slug"], given["slug"], WorkspaceState.ACTIVE, TeamId("t")
    )
    file = data_folder(settings, workspace.id) / "warehouse.db"
    write_data(file, given["canary"])
    with enter(workspace):
        write_metadata(file, given["canary"])
        write_more()


def write_more() -> None:
    from superset import security_manager
    from superset.connectors.sqla.models import RowLevelSecurityFilter, SqlaTable
    from superset.extensions import db
    from superset.models.slice import Slice
    from superset.utils import json as superset_json

    facts = db.session.query(SqlaTable).filter_by(table_name="facts").one()
    virtual = db.session.query(SqlaTable).filter_by(table_name="virtual_facts").one()
    drawn = {
        "groupby": ["region"],
        "metrics": ["count"],
        "metric": "count",
        "row_limit": 10,
        "adhoc_filters": [],
    }
    for dataset, viz_type, params in (
        (facts, "pie", drawn),
        (facts, "big_number_total", {"metric": "count", "adhoc_filters": []}),
        (facts, "echarts_timeseries_bar", {**drawn, "x_axis": "region"}),
        (virtual, "table", {"query_mode": "aggregate", **drawn}),
    ):
        form = {"datasource": f"{dataset.id}__table", "viz_type": viz_type, **params}
        db.session.add(
            Slice(
                slice_name=f"{viz_type} of {dataset.table_name}",
                viz_type=viz_type,
                datasource_type="table",
                datasource_id=dataset.id,
                params=superset_json.dumps(form),
                query_context=superset_json.dumps({"form_data": form}),
            )
        )
    gamma = security_manager.find_role("Gamma")
    sql_lab = security_manager.find_role("sql_lab")
    north = security_manager.add_role(NORTH)
    north.permissions = list({*gamma.permissions, *sql_lab.permissions})
    db.session.add(
        RowLevelSecurityFilter(
            name="North only",
            filter_type="Regular",
            clause="region = 'north'",
            roles=[north],
            tables=[facts, virtual],
        )
    )
    db.session.commit()


if __name__ == "__main__":
    main()
