"""The template as a PostgreSQL database: nobody connects to it, workspaces are its clones."""

import secrets
from collections.abc import Callable

from pydantic import SecretStr

from overset.kernel.settings import Settings
from overset.tenancy.locations import template_database
from overset.tenancy.provisioning.job import run_job
from overset.tenancy.provisioning.postgres_admin import (
    Administrator,
    Session,
    administrator,
    check_able,
)
from overset.tenancy.provisioning.schema import check_unused, superset_release

OWNER = "overset_template"
"""Owns the objects in templates and nothing else, so that a clone's can be given away at once."""

_LOCK = 0x6F76657273657401  # "overset", 1: one maker of templates on a server at a time


def ensure(settings: Settings, *, announce: Callable[[], None]) -> None:
    """Make the template database for the installed Superset, unless it is there.

    Raises:
        ProvisioningError: it could not be made; what is half made is removed next time.
    """
    admin = administrator(settings)
    name = template_database(superset_release())
    with admin.connected() as session:
        if session.has_database(name):
            return
        check_able(session)
        session.run("SELECT pg_advisory_lock(%(lock)s)", lock=_LOCK)  # ends with the session
        if session.has_database(name):
            return
        announce()
        _make(settings, admin, session, name=name)


def _make(settings: Settings, admin: Administrator, session: Session, *, name: str) -> None:
    part = f"{name}_part"
    if not session.has_role(OWNER):
        session.run("CREATE ROLE {} NOLOGIN", OWNER)
    session.join(OWNER)
    session.run("DROP DATABASE IF EXISTS {} WITH (FORCE)", part)
    session.run("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'", part, OWNER)
    session.run("REVOKE ALL ON DATABASE {} FROM PUBLIC", part)
    _fill(settings, admin, part)
    session.run("ALTER DATABASE {} OWNER TO CURRENT_USER", part)
    _seal(session, part=part, name=name)


def _fill(settings: Settings, admin: Administrator, part: str) -> None:
    url = admin.url_as(OWNER, database=part)
    job = {"url": SecretStr(url), "secret_key": SecretStr(secrets.token_urlsafe(32))}
    run_job("template_process", job, home=settings.home, log_name="template.log")
    check_unused(url)
    with admin.connected(part) as inside:
        inside.run("SET ROLE {}", OWNER)
        # In a new database `public` belongs to whoever owns the database: name the owner instead.
        inside.run("ALTER SCHEMA public OWNER TO {}", OWNER)
        inside.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")


def _seal(session: Session, *, part: str, name: str) -> None:
    # PostgreSQL refuses to copy a database while someone is connected to it.
    session.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %(part)s",
        part=part,
    )
    session.run("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", part)
    # The name is the mark that it is complete.
    session.run("ALTER DATABASE {} RENAME TO {}", part, name)
    session.run("ALTER DATABASE {} WITH IS_TEMPLATE true", name)
