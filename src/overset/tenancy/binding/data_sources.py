"""Which servers a workspace's data sources may be on: not the platform's own, not this machine.

`DB_SQLA_URI_VALIDATOR` answers when a data source is saved; it sees the URL alone.
`DB_CONNECTION_MUTATOR` answers at every connection and sees the final URL with all arguments: what
hides in `extra` or `connect_args` is found too. The first line of defence is elsewhere: the
credentials of one workspace open no other's metadata database.
"""

import re
from contextlib import suppress
from typing import Any

from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import NoSuchModuleError

from overset.kernel.settings import Settings
from overset.tenancy.binding import sqlite_files
from overset.tenancy.binding.addresses import Address, AddressRefusedError, AddressRule
from overset.tenancy.binding.data_source_arguments import (
    HOSTS,
    find_refusal,
    find_url_hosts,
    flatten,
    refuse_uploads,
)
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.locations import data_folder

_NO_SERVER = frozenset({"bigquery", "duckdb", "snowflake"})
"""Kinds whose URL names no server: a project, an account, a file."""

_ACCOUNT = re.compile(r"[\w.-]*")
"""What names a project or an account, and not a place in a URL that a driver makes of it."""

_FORBIDDEN_KINDS = frozenset({"gsheets", "metricflow", "ocient", "shillelagh", "superset"})
"""SQLite inside, or, of Ocient, a class that keeps the queries of all workspaces together."""

_OWN_CREDENTIALS = {"bigquery": {"credentials_base64", "credentials_info"}}
"""Kinds whose driver, without one of these, takes what the machine itself may open."""

_IN_MEMORY = frozenset({None, "", ":memory:"})
_EMBEDDED_LIMITS = {"enable_external_access": "false", "lock_configuration": "true"}


CERTIFICATES = "certificates"
"""The folder in Superset's own in which it writes the certificates that data sources bring."""


class DataSourceRefusedError(ValueError):
    """A data source that would reach where a workspace must not."""


class DataSourceGuard:
    """Superset's two questions about a data source, answered for the bound workspace."""

    def __init__(self, settings: Settings, *, hooks: frozenset[Hook]) -> None:
        self._settings = settings
        self._rule = AddressRule(settings)
        self._certificates = settings.home / "superset" / CERTIFICATES
        self._guards = Hook.GUARDS in hooks
        self._authorizer = Hook.AUTHORIZER in hooks

    def validate(self, url: URL) -> None:
        """Refuse a URL that may not be saved (`DB_SQLA_URI_VALIDATOR`).

        Raises:
            DataSourceRefusedError: with a sentence for the person who tried.
        """
        self._check(url, {})

    def mutate(
        self,
        url: URL,
        params: dict[str, Any],
        username: str | None,
        security_manager: Any,
        source: Any,
    ) -> tuple[URL, dict[str, Any]]:
        """Check and narrow a connection that is about to be opened (`DB_CONNECTION_MUTATOR`).

        Raises:
            DataSourceRefusedError: as for `validate`.
        """
        del username, security_manager, source
        addresses = self._check(url, params)
        kind = _find_kind(url)
        if self._guards and not _brings_credentials(kind, url, params):
            raise DataSourceRefusedError(f"a {kind} data source needs credentials of its own")
        if kind == "sqlite" and self._authorizer:
            folder = data_folder(self._settings, get_bound().id)
            return sqlite_files.restrict(url, params, folder=folder)
        connect_args = {**(params.get("connect_args") or {}), **refuse_uploads(_find_driver(url))}
        if kind == "duckdb":
            config = {**connect_args.get("config", {}), **_EMBEDDED_LIMITS}
            connect_args.update(read_only=True, config=config)
        if addresses and _is_libpq(url):
            # The address that was checked is the one that is connected to, whatever the name
            # resolves to a moment later; `host` stays for the certificate.
            connect_args["hostaddr"] = str(addresses[0])
        return url, {**params, "connect_args": connect_args}

    def _check(self, url: URL, params: dict[str, Any]) -> list[Address]:
        if not self._guards:
            return []
        kind = _find_kind(url)
        if kind in _FORBIDDEN_KINDS or (kind != "sqlite" and _is_sqlite_inside(url)):
            raise DataSourceRefusedError(f"{kind} data sources are not available here")
        given = [*flatten("", dict(url.query)), *flatten("", params)]
        if refusal := find_refusal(given, certificates=self._certificates):
            raise DataSourceRefusedError(refusal)
        for host, port in find_url_hosts(given):
            self._check_host(host, frozenset({port} if port else ()))
        if kind == "sqlite" or (kind == "duckdb" and url.database not in _IN_MEMORY):
            self._check_file(url)
            return []
        return self._check_server(url, kind, given)

    def _check_server(self, url: URL, kind: str, given: list[tuple[str, Any]]) -> list[Address]:
        account = kind in _NO_SERVER
        if account and not _ACCOUNT.fullmatch(url.host or ""):
            raise DataSourceRefusedError("name the account or project by its name alone")
        hosts, ports = _find_server(None if account else url.host, url.port, given)
        if not hosts and not account:
            raise DataSourceRefusedError("name the server's host: local sockets are not available")
        if len(hosts) > 1:
            # Which of them a driver takes, and with which port, differs.
            raise DataSourceRefusedError("name one server, in one place")
        return [address for host in hosts for address in self._check_host(host, ports)]

    def _check_file(self, url: URL) -> None:
        folder = data_folder(self._settings, get_bound().id)
        if not sqlite_files.is_own_file(url, folder=folder):
            raise DataSourceRefusedError("files are not available as data sources here")

    def _check_host(self, host: str, ports: frozenset[int]) -> list[Address]:
        try:
            return self._rule.check(host, ports=ports)
        except AddressRefusedError as error:
            raise DataSourceRefusedError(str(error)) from error


def _find_kind(url: URL) -> str:
    """Return the dialect's own name: `postgres://` is one of several names of `postgresql`."""
    with suppress(NoSuchModuleError, ImportError):
        return str(url.get_dialect().name)
    return str(url.get_backend_name())


def _find_driver(url: URL) -> str:
    with suppress(NoSuchModuleError, ImportError):
        return str(url.get_dialect().driver)
    return str(url.drivername).partition("+")[2]


def _is_sqlite_inside(url: URL) -> bool:
    """Say whether a dialect of another name runs SQLite, which opens files by SQL."""
    with suppress(NoSuchModuleError, ImportError):
        return issubclass(url.get_dialect(), SQLiteDialect)
    return False


def _is_libpq(url: URL) -> bool:
    """Say whether the driver takes the server's name and its address apart."""
    with suppress(NoSuchModuleError, ImportError):
        return issubclass(url.get_dialect(), PGDialect_psycopg2)
    return False


def _brings_credentials(kind: str, url: URL, params: dict[str, Any]) -> bool:
    own = _OWN_CREDENTIALS.get(kind)
    return own is None or bool(
        own & {name for name, value in {**url.query, **params}.items() if value}
    )


def _find_server(
    host: str | None, port: int | None, given: list[tuple[str, Any]]
) -> tuple[frozenset[str], frozenset[int]]:
    """Return every host and every port that is named, wherever a driver might look."""
    values = [host, *(value for name, value in given if name in HOSTS)]
    named = [_split_port(part) for value in values for part in _split_list(value)]
    more = [part for name, value in given if name == "port" for part in _split_list(value)]
    ports = [port, *more, *(own for _, own in named)]
    return (
        frozenset(name for name, _ in named),
        frozenset(int(one) for one in map(str, ports) if one.isdecimal()),
    )


def _split_list(value: Any) -> list[str]:
    # libpq takes a comma-separated list.
    return [part for part in (part.strip() for part in str(value or "").split(",")) if part]


def _split_port(host: str) -> tuple[str, str | None]:
    if "://" in host:
        host = host.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name, colon, own = host.rpartition(":")
    if colon and own.isdecimal() and ":" not in name:
        return name, own
    return host.strip("[]"), None
