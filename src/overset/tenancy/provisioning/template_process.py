"""The process that makes a template: Superset's own `db upgrade` and `init`, in one start."""

import sqlite3
import sys
from typing import Any

from overset.tenancy.provisioning.child import answer, private_superset


def make_template(job: dict[str, Any]) -> None:
    """Make the empty database `job["url"]` what every workspace begins with."""
    _write_without_waiting()
    migrate(job)


def migrate(job: dict[str, Any]) -> None:
    """Bring the database `job["url"]` to the code's schema, permissions, roles and themes."""
    app = private_superset(url=job["url"], secret_key=job["secret_key"])
    with app.app_context():
        import flask_migrate

        flask_migrate.upgrade()
    # A context of its own: the session of the first knows the database as it was.
    with app.app_context():
        from superset.cli.main import init

        init.main(args=[], standalone_mode=False)
        app.sync_config_to_db()


def _write_without_waiting() -> None:
    # Nobody else sees the file before it is complete and synced to the disk as a whole.
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def relax(connection: Any, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", relax)


if __name__ == "__main__":
    sys.exit(answer(make_template))
