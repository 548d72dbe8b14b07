"""Row 16: a data source's arguments name no file of the server, no proxy and no other server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine.url import URL, make_url

from overset.tenancy.binding.data_sources import DataSourceGuard, DataSourceRefusedError
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.context import entered
from support.data_source_guard import OPEN, WORKSPACE, make_guard, refuses
from support.provisioning import settings_for


@pytest.fixture
def guard(tmp_path: Path, hooks_without: frozenset[Hook]) -> Iterator[DataSourceGuard]:
    with entered(WORKSPACE):
        yield make_guard(tmp_path, hooks_without)


FILES = {
    "sslkey": "/etc/ssl/private/platform.key",
    "sslcert": "platform.crt",
    "sslrootcert": "/etc/passwd",
    "sslcrl": "~/x",
    "ssl_ca": "ca.pem",
    "ssl": {"ca": "/etc/passwd"},
    "private_key_file": "id_rsa",
    "credentials_path": "key.json",
    "config": {"token_file_path": "../x"},
    "driver": "/srv/planted.so",
    "verify": "/proc/self/environ",
    "krb5_config": "file:///etc/krb5.conf",
}


@pytest.mark.parametrize(("name", "value"), FILES.items(), ids=FILES)
@pytest.mark.proves("GUARDS")
def test_row_16_no_argument_names_a_file_of_the_server(
    guard: DataSourceGuard, name: str, value: Any
) -> None:
    assert refuses(guard, f"postgresql://{OPEN}/x", **{name: value})


ELSEWHERE: dict[str, dict[str, Any]] = {
    "proxy": {"https_proxy": "http://192.0.2.9:80"},
    "proxies": {"http_session": {"proxies": {"https": "http://192.0.2.9"}}},
    "a URL of any name": {"anything": "http://127.0.0.1:8080/"},
    "a URL in a list": {"nodes": [{"at": "https://[::1]/"}]},
    "a URL of another scheme": {"wallet": "ldap://localhost/"},
    "an unknown name": {"where": "http://nowhere.invalid/"},
    "code": {"plugins": ["x"]},
    "the log": {"echo": "debug"},
    "uploads": {"local_infile": 1},
    "uploads, in words": {"allow_local_infile": "True"},
}


@pytest.mark.parametrize("arguments", ELSEWHERE.values(), ids=ELSEWHERE)
@pytest.mark.parametrize("place", ["engine", "driver"])
@pytest.mark.proves("GUARDS")
def test_row_16_no_argument_leads_elsewhere_wherever_it_stands(
    guard: DataSourceGuard, arguments: dict[str, Any], place: str
) -> None:
    given = arguments if place == "engine" else {"connect_args": arguments}
    with pytest.raises(DataSourceRefusedError):
        guard.mutate(make_url(f"trino://{OPEN}:8080/x"), given, None, None, None)


@pytest.mark.proves("GUARDS")
def test_row_16_a_host_that_is_named_twice_in_another_case_does_not_hide_the_first(
    guard: DataSourceGuard,
) -> None:
    assert refuses(guard, f"mssql+pyodbc:///x?host=127.0.0.1&HOST={OPEN}")


@pytest.mark.parametrize("driver", ["pymysql", "mysqldb", "mysqlconnector"])
def test_row_16_a_mysql_server_is_given_no_file_that_it_asks_for(
    guard: DataSourceGuard, driver: str
) -> None:
    _, params = guard.mutate(make_url(f"mysql+{driver}://{OPEN}/x"), {}, None, None, None)
    (value,) = params["connect_args"].values()
    assert not value


@pytest.mark.parametrize(
    "arguments",
    [
        {"connect_args": {"options": "-csearch_path=x", "sslmode": "require"}},
        {"connect_args": {"http_path": "/sql/1.0/warehouses/1", "password": "/~../"}},
        {"credentials_info": {"private_key": "-----BEGIN PRIVATE KEY-----\n"}},
        {"connect_args": {"s3_staging_dir": "s3://bucket/x", "aws_secret_access_key": "/a+b"}},
        {"execution_options": {"isolation_level": "AUTOCOMMIT"}, "pool_pre_ping": True},
    ],
    ids=str,
)
def test_row_16_arguments_of_every_day_are_allowed(
    guard: DataSourceGuard, arguments: dict[str, Any]
) -> None:
    guard.mutate(make_url(f"trino://{OPEN}:8080/x"), arguments, None, None, None)


def test_row_16_a_certificate_that_superset_wrote_itself_is_used(
    guard: DataSourceGuard, tmp_path: Path
) -> None:
    folder = settings_for(tmp_path).home / "superset" / "certificates"
    assert not refuses(
        guard,
        f"postgresql://{OPEN}/x",
        sslmode="verify-full",
        sslrootcert=f"{folder}/{'a' * 64}.crt",
    )
    assert refuses(guard, f"postgresql://{OPEN}/x", sslrootcert=f"{folder}/../{'a' * 64}.crt")


@pytest.mark.proves("GUARDS")
def test_row_16_bigquery_takes_no_credentials_of_this_machine(guard: DataSourceGuard) -> None:
    with pytest.raises(DataSourceRefusedError):
        guard.mutate(make_url("bigquery://a-project/x"), {}, None, None, None)


@pytest.mark.parametrize("account", ["127.0.0.1#", "a%2Fb", "x@127.0.0.1?", "a b"])
@pytest.mark.proves("GUARDS")
def test_row_16_an_account_is_a_name_and_not_a_place(guard: DataSourceGuard, account: str) -> None:
    with pytest.raises(DataSourceRefusedError):
        guard.validate(URL.create("snowflake", host=account, database="x"))
