"""The process that fills a workspace with Superset's examples, through Superset's own importer."""

import sys
from collections.abc import Sequence
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from overset.tenancy.provisioning import files
from overset.tenancy.provisioning.child import answer, private_superset
from overset.tenancy.provisioning.failures import ProvisioningError

_ROLE = "Gamma"


def load(job: dict[str, Any]) -> None:
    """Write the data file, then import what describes it; both may be done again."""
    names = job["examples"]
    with files.whole(Path(job["data_file"])) as part:
        write_data(part, names)
    app = private_superset(
        url=job["url"],
        secret_key=job["secret_key"],
        FAB_CREATE_DB=False,  # the workspace has its schema
        SQLALCHEMY_EXAMPLES_URI=job["examples_url"],
    )
    with app.app_context():
        import_examples(names)


def write_data(path: Path, names: Sequence[str]) -> None:
    """Write the examples' rows to the SQLite file `path`, one table for each.

    Raises:
        ProvisioningError: this Superset has no such example, or one with several datasets.
    """
    import pandas as pd
    import yaml
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{path}")
    for name in names:
        folder = Path(str(package_files("superset") / "examples" / name))
        if not (folder / "data.parquet").is_file():
            raise ProvisioningError(f"this Superset has no example {name!r} with one dataset")
        table = yaml.safe_load((folder / "dataset.yaml").read_text(encoding="utf-8"))["table_name"]
        frame = pd.read_parquet(folder / "data.parquet")
        with engine.begin() as connection:
            frame.to_sql(table, connection, if_exists="replace", index=False)
    engine.dispose()


def import_examples(names: Sequence[str]) -> None:
    """Import the examples' database, datasets, charts and dashboards; `_ROLE` may see them."""
    from superset.commands.importers.v1.examples import ImportExamplesCommand
    from superset.examples.utils import load_contents

    wanted = {
        *(f"charts/{name}" for name in names),
        *(f"dashboards/{name}.yaml" for name in names),
        *(f"datasets/examples/{name}.yaml" for name in names),
        *("databases/examples.yaml", "metadata.yaml"),
    }
    contents = {
        name: text
        for name, text in load_contents().items()
        if name in wanted or name.rpartition("/")[0] in wanted
    }
    ImportExamplesCommand(contents, overwrite=True).run()
    _open_to_readers()


def _open_to_readers() -> None:
    from superset import db, security_manager
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database

    for database in db.session.query(Database):
        database.allow_file_upload = False  # the file is opened read-only
        database.allow_dml = False
    role = security_manager.find_role(_ROLE)
    for dataset in db.session.query(SqlaTable):
        seen = security_manager.add_permission_view_menu("datasource_access", dataset.perm)
        security_manager.add_permission_role(role, seen)
    db.session.commit()


if __name__ == "__main__":
    sys.exit(answer(load))
