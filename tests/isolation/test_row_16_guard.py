"""Row 16, at the guard itself: what no test may connect to, and drivers that are not here."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.engine.url import make_url

from overset.tenancy.binding.data_sources import DataSourceGuard
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.context import entered
from overset.tenancy.locations import data_folder
from support.data_source_guard import OPEN, WORKSPACE, make_guard, refuses
from support.provisioning import settings_for


@pytest.fixture
def guard(tmp_path: Path, hooks_without: frozenset[Hook]) -> Iterator[DataSourceGuard]:
    with entered(WORKSPACE):
        yield make_guard(tmp_path, hooks_without)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "[64:ff9b::a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::127.0.0.1]",
        "[::]",
        "224.0.0.1",
        "255.255.255.255",
        "[64:ff9b:1::7f00:1]",
        "[2001:0:7f00:1::]",
        "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
        "[::ffff:0:127.0.0.1]",
        "[fec0::1]",
        "[fd00:ec2::23]",
        "0.1.2.3",
        "192.0.0.10",
        "localhost.",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "127\u30020\u30020\u30021",  # dots of another script
        "\uff11\uff12\uff17.0.0.1",  # digits of another width
        "0251.0376.0251.0376",
        "2852039166",
    ],
)
@pytest.mark.proves("GUARDS")
def test_row_16_addresses_of_the_inside_are_refused(guard: DataSourceGuard, host: str) -> None:
    assert refuses(guard, f"postgresql://{host}:80/x")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://127.0.0.1/x",
        f"mysql://{OPEN}/x?unix_socket=/run/mysqld.sock",
        f"mysql://{OPEN}/x?read_default_file=/etc/mysql/my.cnf",
        "mysql:///x",
        "mariadb+pymysql:///x",
        f"mssql+pyodbc://{OPEN}/x?odbc_connect=Server%3D127.0.0.1",
        f"mssql+pyodbc://{OPEN}/x?SERVER=127.0.0.1",
        "mssql+pyodbc://a-data-source-name",
        "oracle://",
        "clickhousedb://",
        "clickhousedb:///x",
        f"clickhouse+native://{OPEN}/x?alt_hosts=127.0.0.1",
        "trino://",
        "hive://localhost:10000/x",
        "cockroachdb://localhost/x",
        "unheardof:///x",
        "shillelagh://",
        "shillelagh+safe://",
        "gsheets://",
        "metricflow:///1",
        "superset://",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///x?mode=memory",
        "sqlite:////etc/passwd",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "duckdb:////etc/passwd",
        "duckdb:////etc/passwd?mode=memory",
        "duckdb:///md:x",
    ],
)
@pytest.mark.proves("GUARDS")
def test_row_16_other_drivers_reach_no_further(guard: DataSourceGuard, url: str) -> None:
    assert refuses(guard, url)


@pytest.mark.parametrize(
    "arguments",
    [
        {"host": "127.0.0.1"},
        {"HOST": "127.0.0.1"},
        {"host": ["127.0.0.1"]},
        {"hostaddr": "::1"},
        {"server": "localhost"},
        {"unix_sock": "/run/postgresql/.s.PGSQL.5432"},
        {"unix_socket": "/run/mysqld.sock"},
        {"read_default_file": "/etc/mysql/my.cnf"},
        {"dsn": "host=127.0.0.1"},
        {"conninfo": "hostaddr=127.0.0.1"},
        {"service": "metadata"},
        {"passfile": "/etc/pgpass"},
        {"option_files": ["/etc/my.cnf"]},
        {"failover": [{"host": "127.0.0.1"}]},
    ],
    ids=str,
)
@pytest.mark.proves("GUARDS")
def test_row_16_connection_arguments_are_looked_at(
    guard: DataSourceGuard, arguments: dict[str, Any]
) -> None:
    assert refuses(guard, f"postgresql://{OPEN}/x", **arguments)


def _interfaces() -> list[str]:
    """Return the addresses by which this machine reaches others, found without sending anything."""
    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))
            found.append(str(probe.getsockname()[0]))
    return found


@pytest.mark.proves("GUARDS")
def test_row_16_this_machine_is_refused_by_the_addresses_of_its_network_too(
    guard: DataSourceGuard,
) -> None:
    for address in [*_interfaces(), "127.0.0.2"]:
        host = f"[{address}]" if ":" in address else address
        assert refuses(guard, f"postgresql://{host}/x")


def _answer(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name resolve to these, as an attacker's own name server would."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], [OPEN, "127.0.0.1"], ["169.254.169.254"]])
@pytest.mark.proves("GUARDS")
def test_row_16_a_name_is_refused_for_what_it_resolves_to(
    guard: DataSourceGuard, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    _answer(monkeypatch, *addresses)
    assert refuses(guard, "postgresql://db.attacker.example/x")


@pytest.mark.proves("GUARDS")
def test_row_16_the_address_that_was_checked_is_the_one_that_is_connected_to(
    guard: DataSourceGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer(monkeypatch, OPEN)
    url = make_url("postgresql://db.attacker.example/x")
    _, params = guard.mutate(url, {}, None, None, None)
    assert params["connect_args"] == {"hostaddr": OPEN}


@pytest.mark.parametrize(
    "host", ["db.inside.example", "10.0.0.5", "[::ffff:10.0.0.5]", "167772165", "012.0.0.5"]
)
@pytest.mark.parametrize(
    "name", ["metadata_url", "redis_url", "manager_database_url", "chat_database_url"]
)
@pytest.mark.proves("GUARDS")
def test_row_16_the_platforms_own_servers_are_refused_even_when_their_network_is_allowed(
    tmp_path: Path,
    hooks_without: frozenset[Hook],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    name: str,
) -> None:
    scheme = "redis" if name == "redis_url" else "postgresql"
    given = {name: SecretStr(f"{scheme}://10.0.0.5:5000"), "data_source_allow": (host.strip("[]"),)}
    if host == "db.inside.example":
        _answer(monkeypatch, "10.0.0.5")
    with entered(WORKSPACE):
        guard = make_guard(tmp_path, hooks_without, **given)
        assert refuses(guard, f"postgresql://{host}:5000/x")
        # Which port is meant cannot be known here, so it is taken to be that one.
        assert refuses(guard, f"postgresql://{host}/x")
        assert refuses(guard, f"postgresql:///x?host={host.strip('[]')}&port=1,5000")


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://{OPEN}:5432/x",
        f"postgresql+psycopg2://u:p@{OPEN}/x?sslmode=require",
        f"mysql://{OPEN}/x",
        f"trino://{OPEN}:8080/x",
        "duckdb:///:memory:",
        "duckdb://",
        "bigquery://a-project/x?credentials_base64=e30=",
        "snowflake://u:p@an-account/x",
    ],
)
def test_row_16_data_sources_outside_are_allowed(guard: DataSourceGuard, url: str) -> None:
    assert not refuses(guard, url)


def test_row_16_what_an_operator_allows_is_allowed(tmp_path: Path) -> None:
    with entered(WORKSPACE):
        guard = make_guard(tmp_path, data_source_allow=("127.0.0.1:5433",))
        assert not refuses(guard, "postgresql://127.0.0.1:5433/x")
        assert refuses(guard, "postgresql://127.0.0.1:5434/x")
        assert refuses(guard, "postgresql://127.0.0.2:5433/x")


@pytest.mark.proves("GUARDS")
def test_row_16_a_duckdb_file_is_the_workspaces_own_and_opened_for_reading_alone(
    tmp_path: Path, guard: DataSourceGuard
) -> None:
    own = data_folder(settings_for(tmp_path), WORKSPACE.id) / "x.duckdb"
    _, params = guard.mutate(make_url(f"duckdb:///{own}"), {}, None, None, None)
    assert params["connect_args"]["read_only"] is True
    assert params["connect_args"]["config"]["enable_external_access"] == "false"
    assert refuses(guard, f"duckdb:///{own}/../../other/x.duckdb")
