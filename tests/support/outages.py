"""Ways to take a workspace's metadata database away for a while: locks, and a privilege less."""

import contextlib
import sqlite3
from collections.abc import Iterator

import psycopg2
from psycopg2 import sql
from sqlalchemy.engine import make_url

from support.deployment import Platform
from support.postgres import PostgresServer


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
