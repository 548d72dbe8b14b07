"""The administrator's connection to the PostgreSQL server that holds workspaces' metadata."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy.engine import URL, make_url

from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings
from overset.tenancy.provisioning.failures import ProvisioningError

_OLDEST = 150000  # before 15, everybody may create in the schema `public`
_DATABASE = "postgres"


@dataclass(frozen=True, slots=True)
class Administrator:
    """Someone with CREATEDB and CREATEROLE, who need not be a superuser."""

    url: URL

    @contextmanager
    def connected(self, database: str | None = None) -> Iterator["Session"]:
        """Connect, to the administrator's own database if none is named; each statement counts.

        Raises:
            ProvisioningError: the server refused the connection or a statement.
        """
        arguments: dict[str, Any] = self.url.translate_connect_args(
            username="user", database="dbname"
        ) | dict(self.url.query)
        arguments["dbname"] = database or self.url.database or _DATABASE
        try:
            with closing(psycopg2.connect(**arguments)) as connection:
                connection.autocommit = True
                yield Session(connection)
        except psycopg2.Error as error:
            name = self.url.render_as_string(hide_password=True)
            reason = str(error).strip().splitlines()[0]
            raise ProvisioningError(f"the server {name!r} refused: {reason}") from error

    def url_as(self, role: str, *, database: str) -> str:
        """Return a URL whose sessions are signed in as the administrator and act as `role`."""
        options = f"-c role={role} -c synchronous_commit=off"
        url = self.url.set(drivername="postgresql+psycopg2", database=database)
        return str(
            url.update_query_dict({"options": options}).render_as_string(hide_password=False)
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One connection; names in statements are placeholders `{}` and always quoted."""

    connection: Any

    def run(self, statement: str, *names: str, **values: object) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        composed = sql.SQL(statement).format(*map(sql.Identifier, names))
        with self.connection.cursor() as cursor:
            cursor.execute(composed, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    def has_role(self, name: str) -> bool:
        """Say whether there is a role of that name."""
        return bool(self.run("SELECT 1 FROM pg_roles WHERE rolname = %(name)s", name=name))

    def has_database(self, name: str) -> bool:
        """Say whether there is a database of that name."""
        return bool(self.run("SELECT 1 FROM pg_database WHERE datname = %(name)s", name=name))

    def scrambled(self, password: str, *, role: str) -> str:
        """Return what the server stores of a password, so that no statement or log carries it."""
        return str(encrypt_password(password, role, self.connection, "scram-sha-256"))

    def join(self, role: str) -> None:
        """Become a member of `role` for good, unless we are: only so may one give away its own."""
        if not self.run("SELECT 1 WHERE pg_has_role(CURRENT_USER, %(role)s, 'USAGE')", role=role):
            self.run("GRANT {} TO CURRENT_USER", role)

    @contextmanager
    def member_of(self, role: str) -> Iterator[None]:
        """Be a member of `role` for the block alone."""
        self.run("GRANT {} TO CURRENT_USER", role)
        try:
            yield
        finally:
            self.run("REVOKE {} FROM CURRENT_USER", role)


def administrator(settings: Settings) -> Administrator:
    """Return the administrator that the settings name.

    Raises:
        SettingsError: `metadata_admin_url` is missing or no URL of PostgreSQL.
    """
    if settings.metadata_admin_url is None:
        raise SettingsError(
            ["OVERSET_METADATA_ADMIN_URL is not set: name a role with CREATEDB and CREATEROLE"]
        )
    url = make_url(settings.metadata_admin_url.get_secret_value())
    if url.get_backend_name() != "postgresql":
        raise SettingsError(["OVERSET_METADATA_ADMIN_URL: must be a `postgresql://` URL"])
    return Administrator(url)


def check_able(session: Session) -> None:
    """Make sure that the server is new enough and that we may create databases and roles on it.

    Raises:
        ProvisioningError: with what to change.
    """
    version = session.connection.server_version
    if version < _OLDEST:
        raise ProvisioningError(
            f"PostgreSQL 15 or newer is needed; this server is {version // 10000}"
        )
    [(name, able)] = session.run(
        "SELECT rolname, rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles"
        " WHERE rolname = CURRENT_USER"
    )
    if not able:
        raise ProvisioningError(
            f"{name!r} may not make workspaces: run `ALTER ROLE {name} CREATEDB CREATEROLE`"
        )
