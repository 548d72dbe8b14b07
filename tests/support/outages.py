"""Ways to take a workspace's metadata database away for a while: gone, locked, a privilege less."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2 import sql
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from support.deployment import Platform
from support.postgres import PostgresServer


@contextlib.contextmanager
def taken_away(platform: Platform, slug: str, *, postgres: PostgresServer | None) -> Iterator[None]:
    """Let nobody open the database: its file is elsewhere, or PostgreSQL takes no connection."""
    database = make_url(platform.metadata(slug)).database
    if postgres is None:
        here = Path(database)
        away = here.with_suffix(".away")
        here.rename(away)
        try:
            yield
        finally:
            away.rename(here)
        return
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    name = sql.Identifier(database)
    postgres.execute(allow.format(name, sql.SQL("false")))
    postgres.execute(
        sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
            sql.Literal(database)
        )
    )
    try:
        yield
    finally:
        postgres.execute(allow.format(name, sql.SQL("true")))


@contextlib.contextmanager
def read_only_for_others(platform: Platform, slug: str) -> Iterator[None]:
    """Keep an SQLite database's write lock: who reads is served, and who writes waits in vain."""
    path = make_url(platform.metadata(slug)).database
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        yield
        lock.execute("ROLLBACK")


@contextlib.contextmanager
def locked_tables(
    platform: Platform, slug: str, *tables: str, postgres: PostgresServer
) -> Iterator[None]:
    """Lock tables on PostgreSQL: who reads or writes them waits in vain."""
    url = make_url(platform.metadata(slug))
    lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE")
    with contextlib.closing(psycopg2.connect(postgres.url(url.database))) as connection:
        with connection.cursor() as cursor:
            cursor.execute(lock.format(sql.SQL(", ").join(map(sql.Identifier, tables))))
        yield


@contextlib.contextmanager
def refused_inserts(
    platform: Platform, slug: str, table: str, *, postgres: PostgresServer
) -> Iterator[None]:
    """Take the privilege to insert into a table away from the workspace's role on PostgreSQL."""
    url = make_url(platform.metadata(slug))
    names = {"table": sql.Identifier(table), "role": sql.Identifier(url.username)}
    revoke = sql.SQL("REVOKE INSERT ON {table} FROM {role}").format(**names)
    grant = sql.SQL("GRANT INSERT ON {table} TO {role}").format(**names)
    postgres.execute(revoke, database=url.database)
    try:
        yield
    finally:
        postgres.execute(grant, database=url.database)


@contextlib.contextmanager
def another_schema(platform: Platform, slug: str) -> Iterator[None]:
    """Let the database say that it is of a revision that the code does not have."""
    engine = create_engine(platform.metadata(slug), future=True)
    write = text("UPDATE alembic_version SET version_num = :said")
    try:
        with engine.begin() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
            connection.execute(write, {"said": "000000000000"})
        yield
        with engine.begin() as connection:
            connection.execute(write, {"said": found})
    finally:
        engine.dispose()
