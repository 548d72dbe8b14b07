"""What a data source's arguments may say: no other server, no file of this machine, no code.

They come from its URL, from `extra` and from `encrypted_extra`, which all become arguments of
`create_engine` or of the driver. Which of them a driver listens to differs, so what is looked at is
every name and every text, however deep.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOSTS = frozenset(
    {
        "addr",
        "address",
        "base_url",
        "controller",
        "coordinator",
        "data source",
        "endpoint",
        "endpoint_url",
        "host",
        "hostaddr",
        "hostname",
        "hosts",
        "network address",
        "nodes",
        "read_default_file",
        "server",
        "server_hostname",
        "servername",
        "unix_sock",
        "unix_socket",
        "uri",
        "url",
    }
)
"""Arguments in which some driver looks for its server."""

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
        "read_default_group",
        "service",
        "servicefile",
    }
)
_ENGINE = frozenset(
    {"creator", "echo", "echo_pool", "hide_parameters", "logging_name", "module", "plugin"}
    | {"plugins", "pool", "pool_events", "pool_logging_name", "plugin_dir", "profile_name"}
)
"""Arguments that load code, write the process's log, or use an identity of this machine."""

_UPLOADS = frozenset({"allow_local_infile", "allow_local_infile_in_path", "local_infile"})
"""With these a MySQL server may ask its client for any file: the server is a stranger."""

_NO_UPLOADS: dict[str, dict[str, Any]] = {
    "mariadbconnector": {"local_infile": False},
    "mysqlconnector": {"allow_local_infile": False},
    "mysqldb": {"local_infile": 0},
    "pymysql": {"local_infile": False},
}
_PROXY = re.compile(r"prox(?:y|ies)")
_FILE_NAME = re.compile(r"(?:file|dir|path|certs?|crl|(?:^|_)ca|(?:^|ssl_?|client_|tls_)key)$")
_FILE = re.compile(r"[/\\~]|\.{1,2}[/\\]|file:|[a-zA-Z]:\\")
_NO_FILES = re.compile(r"(?:^http_path|^search_path|password|passwd|^pwd|secret.*|token)$")
"""Names whose texts may begin like a path, and are none."""

_OWN_CERTIFICATE = re.compile(r"[0-9a-f]{32,64}\.crt")
_WORDS = frozenset({"", "0", "1", "false", "system", "true"})
_STORES = frozenset({"abfs", "abfss", "gs", "s3", "s3a", "s3n", "wasb", "wasbs"})
"""URLs of a store in a cloud, which the driver's server opens, or the cloud's own host."""


def find_refusal(arguments: Iterable[tuple[str, Any]], *, certificates: Path) -> str | None:
    """Return why arguments are refused, as a sentence; None if they may be used.

    Args:
        arguments: names in lower case, and texts or other plain values.
        certificates: the folder into which Superset writes servers' certificates.
    """
    for name, value in arguments:
        if name in _INDIRECT:
            return "name the server by host and port, not through a file"
        if name in _ENGINE or _PROXY.search(name):
            return f"the argument {name!r} is not available here"
        if name in _UPLOADS and str(value).lower() not in {"0", "false", "none", ""}:
            return "a database server may not ask for files of this one"
        if isinstance(value, str) and _names_file(name, value, certificates=certificates):
            return f"the argument {name!r} names a file of the server"
    return None


def _names_file(name: str, value: str, *, certificates: Path) -> bool:
    if value.startswith("-----BEGIN ") or _NO_FILES.search(name) or name in HOSTS:
        return False
    if _OWN_CERTIFICATE.fullmatch(Path(value).name) and Path(value).parent == certificates:
        return False
    looks = bool(_FILE.match(value))
    return looks or (
        bool(_FILE_NAME.search(name))
        and value.lower() not in _WORDS
        and urlsplit(value).scheme not in _STORES
    )


def find_url_hosts(arguments: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, int | None]]:
    """Yield host and port of every URL in the arguments, whatever the argument is called."""
    for name, value in arguments:
        if not isinstance(value, str) or "://" not in value or _NO_FILES.search(name):
            continue
        url = urlsplit(value.strip())
        if url.scheme not in _STORES:
            yield url.hostname or "", url.port


def flatten(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every plain value in a structure, with the name that it stands under, in lower case."""
    # Drivers differ in the case that they accept.
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if isinstance(inner, Mapping | list | tuple):
                yield str(key).lower(), None  # the name counts, whatever is in it
            yield from flatten(str(key), inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from flatten(name, inner)
    else:
        yield name.lower(), value


def refuse_uploads(driver: str) -> dict[str, Any]:
    """Return the arguments with which a driver gives no file to a server that asks for one."""
    return dict(_NO_UPLOADS.get(driver, {}))
