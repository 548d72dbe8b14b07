"""The assistant's database, of these settings; and an outage of it as a refusal."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog
from sqlalchemy import BigInteger, cast, func, literal_column
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from overset.kernel.database import Database
from overset.kernel.errors import Unavailable
from overset.kernel.schema import upgrade_database
from overset.kernel.settings import Settings

OUTAGES = (
    OperationalError,
    InterfaceError,
    PoolTimeoutError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    sqlite3.OperationalError,
)
"""What our tables' drivers and LangGraph's raise while the database does not answer."""

_RETRY_SECONDS = "5"
_log = structlog.get_logger(__name__)


def open_database(settings: Settings) -> Database:
    """Open the database and bring its schema up to date; close it when the process ends.

    Raises:
        SettingsError: it is newer than this release.
    """
    database = Database(find_dsn(settings))
    upgrade_database(database, package="overset.chat", name="assistant")
    return database


def find_dsn(settings: Settings) -> str:
    """Return the URL of the database, with the embedded default filled in."""
    if settings.chat_database_url is not None:
        return settings.chat_database_url.get_secret_value()
    return f"sqlite:///{settings.home / 'chat.db'}"


def now_ms(database: Database) -> Any:
    """Return the expression of the time by the database's clock, which all processes share, in ms.

    In PostgreSQL it goes on within a transaction.
    """
    if database.is_sqlite:
        return cast((func.julianday("now") - 2440587.5) * 86_400_000, BigInteger)
    return cast(literal_column("extract(epoch from clock_timestamp()) * 1000"), BigInteger)


@contextmanager
def outages_refused() -> Iterator[None]:
    """Raise Unavailable `database_unavailable` where the database or the saver does not answer."""
    try:
        yield
    except OUTAGES as error:
        _log.warning("the assistant's database failed", error=type(error).__name__)
        # The driver's message may quote a URL or values: only its kind was told.
        raise database_unavailable() from None


def database_unavailable() -> Unavailable:
    """Return the refusal of whatever needed the database."""
    return Unavailable(
        "database_unavailable",
        "The assistant's database does not answer. Try again in a moment.",
        headers={"Retry-After": _RETRY_SECONDS},
    )
