"""Copies of workspaces' PostgreSQL databases, made by the server itself.

`CREATE DATABASE ... TEMPLATE` rather than `pg_dump`: it needs no program on this machine that is at
least as new as the server, it copies the owners of all objects, and a copy goes back the same way.
Its price is that nobody may be connected to the database for the seconds that the copy takes.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from overset.kernel.ids import WorkspaceId
from overset.kernel.settings import Settings
from overset.tenancy.provisioning.postgres_admin import Session, administrator

_CLOSED = "SELECT 1 FROM pg_database WHERE datname = %(name)s AND NOT datallowconn"
_COPIES = "SELECT datname FROM pg_database WHERE starts_with(datname::text, %(start)s)"
_END_CLIENTS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = %(name)s AND backend_type = 'client backend'"
)


def take(settings: Settings, workspace_id: WorkspaceId, *, names: Iterable[str]) -> str:
    """Copy a workspace's database to the first of `names` that is free; return which.

    Connections to the workspace's database are ended, and new ones refused meanwhile. The copy is
    the administrator's, and nobody may connect to it.

    Raises:
        ProvisioningError: the server refused; the workspace's database takes connections again.
    """
    with administrator(settings).connected() as session:
        name = next(name for name in names if not session.has_database(name))
        with session.member_of(workspace_id), _nobody_in(session, workspace_id):
            session.run(
                "CREATE DATABASE {} TEMPLATE {} ALLOW_CONNECTIONS false", name, workspace_id
            )
        session.run("REVOKE ALL ON DATABASE {} FROM PUBLIC", name)
    return name


def reopen(settings: Settings, workspace_id: WorkspaceId) -> None:
    """Let a database take connections that a killed `take` left closed; others are left alone.

    Raises:
        ProvisioningError: the server refused.
    """
    with administrator(settings).connected() as session:
        if session.run(_CLOSED, name=workspace_id):
            with session.member_of(workspace_id):
                session.run("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", workspace_id)


def remove(session: Session, workspace_id: WorkspaceId) -> None:
    """Drop all copies of a workspace's database: its role owns what is in them."""
    for (name,) in session.run(_COPIES, start=f"{workspace_id}_before_"):
        session.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def how_to_restore(workspace_id: WorkspaceId, name: str) -> str:
    """Return a sentence for people: how the copy `name` goes back; it stays."""
    return (
        f"stop Overset, then as the administrator run, one by one:"
        f' GRANT "{workspace_id}" TO CURRENT_USER;'
        f' DROP DATABASE "{workspace_id}" WITH (FORCE);'
        f' CREATE DATABASE "{workspace_id}" OWNER "{workspace_id}" TEMPLATE "{name}";'
        f' REVOKE ALL ON DATABASE "{workspace_id}" FROM PUBLIC;'
        f' REVOKE "{workspace_id}" FROM CURRENT_USER;'
    )


@contextmanager
def _nobody_in(session: Session, database: str) -> Iterator[None]:
    # PostgreSQL refuses to copy a database while someone is connected to it.
    session.run("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", database)
    try:
        session.run(_END_CLIENTS, name=database)
        yield
    finally:
        session.run("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true", database)
