"""Which servers a workspace's data sources may be on: not the platform's own, not this machine.

`DB_SQLA_URI_VALIDATOR` answers when a data source is saved; it sees the URL alone.
`DB_CONNECTION_MUTATOR` answers at every connection and sees the final URL with all arguments: what
hides in `extra` or `connect_args` is found too. The first line of defence is elsewhere: the
credentials of one workspace open no other's metadata database.
"""

import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import NoSuchModuleError

from overset.kernel.settings import Settings
from overset.tenancy.binding import sqlite_files
from overset.tenancy.binding.engines import get_bound
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.locations import data_folder

Address = IPv4Address | IPv6Address

_HOST_NAMES = ("host", "hostaddr", "server", "unix_socket", "unix_sock", "read_default_file")
_INDIRECT = frozenset(
    {
        "alt_hosts",
        "conninfo",
        "dsn",
        "failover",
        "odbc_connect",
        "option_files",
        "options_file",
        "passfile",
        "service",
        "servicefile",
    }
)
_NO_SERVER = frozenset({"bigquery", "duckdb", "snowflake"})
"""Kinds whose URL names no server: a project, an account, a file."""

_FORBIDDEN_KINDS = frozenset({"gsheets", "metricflow", "shillelagh", "superset"})
_IN_MEMORY = frozenset({None, "", ":memory:"})
_CLOUD_METADATA = frozenset(
    ip_address(text)
    for text in ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254")
)
"""Where clouds give a machine its own credentials, besides the link-local 169.254.169.254."""

_DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "redis": 6379}
_EMBEDDED_LIMITS = {"enable_external_access": "false", "lock_configuration": "true"}


class DataSourceRefusedError(ValueError):
    """A data source that would reach where a workspace must not."""


class DataSourceGuard:
    """Superset's two questions about a data source, answered for the bound workspace."""

    def __init__(self, settings: Settings, *, hooks: frozenset[Hook]) -> None:
        self._settings = settings
        self._guards = Hook.GUARDS in hooks
        self._authorizer = Hook.AUTHORIZER in hooks
        self._allowed = frozenset(settings.data_source_allow)

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
        connect_args = dict(params.get("connect_args") or {})
        addresses = self._check(url, connect_args)
        kind = _find_kind(url)
        if kind == "sqlite" and self._authorizer:
            folder = data_folder(self._settings, get_bound().id)
            return sqlite_files.restrict(url, params, folder=folder)
        if kind == "duckdb":
            config = {**connect_args.get("config", {}), **_EMBEDDED_LIMITS}
            connect_args.update(read_only=True, config=config)
        if kind == "postgresql" and addresses:
            # The address that was checked is the one that is connected to, whatever the name
            # resolves to a moment later; `host` stays for the certificate.
            connect_args["hostaddr"] = str(addresses[0])
        return url, {**params, "connect_args": connect_args}

    def _check(self, url: URL, connect_args: dict[str, Any]) -> list[Address]:
        if not self._guards:
            return []
        kind = _find_kind(url)
        if kind in _FORBIDDEN_KINDS or (kind != "sqlite" and _is_sqlite_inside(url)):
            raise DataSourceRefusedError(f"{kind} data sources are not available here")
        if kind == "sqlite" or (kind == "duckdb" and url.database not in _IN_MEMORY):
            self._check_file(url)
            return []
        # Drivers differ in the case that they accept.
        given = {name.lower(): value for name, value in {**url.query, **connect_args}.items()}
        if _INDIRECT & set(given):
            raise DataSourceRefusedError("name the server by host and port, not through a file")
        hosts, ports = _find_server(None if kind in _NO_SERVER else url.host, url.port, given)
        if not hosts and kind not in _NO_SERVER:
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
        if host.startswith(("/", "@", "\x00")):
            raise DataSourceRefusedError("local sockets are not available as data sources")
        addresses = _resolve(host)
        if self._is_platform(addresses, ports):
            raise DataSourceRefusedError(f"the server {host!r} is not available as a data source")
        if host in self._allowed or (ports and {f"{host}:{p}" for p in ports} <= self._allowed):
            return addresses
        if any(not _is_open(address) for address in addresses):
            raise DataSourceRefusedError(
                f"the server {host!r} is inside the platform; an operator can allow it with "
                "OVERSET_DATA_SOURCE_ALLOW"
            )
        return addresses

    def _is_platform(self, addresses: list[Address], ports: frozenset[int]) -> bool:
        for secret in (
            self._settings.metadata_url,
            self._settings.redis_url,
            self._settings.manager_database_url,
        ):
            own = urlsplit(secret.get_secret_value() if secret else "")
            if not own.hostname or not _find_addresses(own.hostname) & set(addresses):
                continue
            own_port = own.port or _DEFAULT_PORTS.get(own.scheme.partition("+")[0])
            # Where a port is not told, the address alone decides.
            if not ports or own_port is None or own_port in ports:
                return True
        return False


def _find_kind(url: URL) -> str:
    """Return the dialect's own name: `postgres://` is one of several names of `postgresql`."""
    with suppress(NoSuchModuleError, ImportError):
        return str(url.get_dialect().name)
    return str(url.get_backend_name())


def _is_sqlite_inside(url: URL) -> bool:
    """Say whether a dialect of another name runs SQLite, which opens files by SQL."""
    with suppress(NoSuchModuleError, ImportError):
        return issubclass(url.get_dialect(), SQLiteDialect)
    return False


def _find_server(
    host: str | None, port: int | None, given: dict[str, Any]
) -> tuple[frozenset[str], frozenset[int]]:
    """Return every host and every port that is named, wherever a driver might look."""
    values = [host, *(given.get(name) for name in _HOST_NAMES)]
    named = [_split_port(part) for value in values for part in _split_list(value)]
    ports = [port, *_split_list(given.get("port")), *(own for _, own in named)]
    return (
        frozenset(name for name, _ in named),
        frozenset(int(one) for one in map(str, ports) if one.isdecimal()),
    )


def _split_list(value: Any) -> list[str]:
    # `?host=` may be given twice (a tuple), and libpq takes a comma-separated list.
    values = value if isinstance(value, list | tuple) else [value]
    parts = (part.strip() for one in values for part in str(one or "").split(","))
    return [part for part in parts if part]


def _split_port(host: str) -> tuple[str, str | None]:
    name, colon, own = host.rpartition(":")
    if colon and own.isdecimal() and ":" not in name:
        return name, own
    return host.strip("[]"), None


def _resolve(host: str) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DataSourceRefusedError(f"the server {host!r} cannot be found") from error
    return sorted({_plain(str(entry[4][0])) for entry in found}, key=str)


def _find_addresses(own_host: str) -> set[Address]:
    with suppress(DataSourceRefusedError):
        return set(_resolve(own_host))
    return set()  # nobody reaches it by a name that means nothing; its name is nobody's business


def _plain(text: str) -> Address:
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        # `::ffff:127.0.0.1`, 6to4 and NAT64 spellings of an IPv4 address are that address.
        return address.ipv4_mapped or address.sixtofour or _nat64(address) or address
    return address


def _nat64(address: IPv6Address) -> IPv4Address | None:
    prefix = int(IPv6Address("64:ff9b::")) >> 32
    return IPv4Address(int(address) & 0xFFFFFFFF) if int(address) >> 32 == prefix else None


def _is_open(address: Address) -> bool:
    return not (
        address in _CLOUD_METADATA
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
    )
