"""Which schema Superset's code wants, and which one a metadata database has."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from overset.tenancy.provisioning.failures import ProvisioningError

# Alembic's own reader imports every migration, and with them Superset: seconds, and not allowed in
# the manager. The two assignments that matter are literals at the left margin of each file.
_ASSIGNMENT = re.compile(
    r"^(down_revision|revision)\b[^=\n]*=\s*(\((?:[^)]*)\)|[^\n]*)", flags=re.MULTILINE
)
_STRING = re.compile(r"""(["'])(.*?)\1""")


@cache
def schema_head() -> str:
    """Return the revision of the schema that the installed Superset's code wants.

    Raises:
        ProvisioningError: Superset is not installed, or its migrations have no single head.
    """
    revisions: set[str] = set()
    replaced: set[str] = set()
    for path in sorted(_migrations().glob("*.py")):
        for name, value in _ASSIGNMENT.findall(path.read_text(encoding="utf-8")):
            (revisions if name == "revision" else replaced).update(_strings(value))
    heads = sorted(revisions - replaced)
    if len(heads) != 1:
        raise ProvisioningError(f"Superset's migrations should have one head, not {heads!r}")
    return heads[0]


@cache
def superset_release() -> str:
    """Return which Superset and which schema is installed, for example `6.1.0-4b2a8c9d3e1f`."""
    return f"{version('apache-superset')}-{schema_head()}"


def read_revision(url: str) -> str | None:
    """Return the schema revision of the metadata database at `url`; None when it has no schema.

    Raises:
        ProvisioningError: the database is not there or does not answer.
    """
    with _connected(url) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return ",".join(sorted(found)) or None


def check_unused(url: str) -> None:
    """Make sure that a database is fit to be copied: of the code's schema, and never used.

    Raises:
        ProvisioningError: it has another schema, or a user or a stored key.
    """
    revision = read_revision(url)
    if revision != schema_head():
        raise ProvisioningError(f"the template has schema {revision!r}, not {schema_head()!r}")
    with _connected(url) as connection:
        for table in ("ab_user", "key_value"):
            if connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first():  # noqa: S608  # two names
                raise ProvisioningError(f"the template was used: its table {table!r} has rows")


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    parsed = make_url(url)
    engine = (
        # Opening a file that is not there would create it.
        create_engine("sqlite://", creator=lambda: _open_sqlite(parsed.database or ""), future=True)
        if parsed.get_backend_name() == "sqlite"
        else create_engine(
            parsed, poolclass=NullPool, future=True, connect_args={"connect_timeout": 5}
        )
    )
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        name = parsed.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", error)).strip()
        raise ProvisioningError(f"the database {name!r} does not answer: {reason}") from error
    finally:
        engine.dispose()


def _open_sqlite(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True)


def _migrations() -> Path:
    spec = find_spec("superset")  # finds, and does not import
    if spec is None or spec.origin is None:
        raise ProvisioningError("Superset is not installed here: install `apache-superset`")
    return Path(spec.origin).parent / "migrations" / "versions"


def _strings(source: str) -> list[str]:
    # Not with `ast`: two threads that ask first do so at once, and before Python 3.11.8 two threads
    # in its parser fail each other (https://github.com/python/cpython/issues/106905).
    return [string for _, string in _STRING.findall(source)]
