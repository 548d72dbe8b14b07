"""Rows 16 and 35: the server that was judged is the one that is connected to, and directly."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy.engine.url import make_url

from overset.tenancy.binding.app import enter
from overset.tenancy.binding.data_sources import DataSourceGuard, DataSourceRefusedError
from overset.tenancy.binding.hooks import Hook
from support.binding import Bound
from support.processes import free_port
from support.provisioning import settings_for

OPEN, PLATFORM = "192.0.2.7", "198.51.100.5"


@pytest.fixture
def guard(tmp_path: Path, hooks_without: frozenset[Hook]) -> DataSourceGuard:
    settings = settings_for(
        tmp_path,
        metadata_url=SecretStr(f"postgresql://{PLATFORM}:5432"),
        redis_url=SecretStr(f"rediss://{PLATFORM[:-1]}6"),
    )
    return DataSourceGuard(settings, hooks=frozenset(Hook) - hooks_without)


def connect_args(guard: DataSourceGuard, url: str, **given: Any) -> dict[str, Any]:
    params = {"connect_args": given} if given else {}
    return guard.mutate(make_url(url), params, None, None, None)[1]["connect_args"]


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_row_16_every_name_of_postgresql_connects_to_the_address_that_was_judged(guard, name):
    assert connect_args(guard, f"{name}://u:p@{OPEN}/db")["hostaddr"] == OPEN


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize(
    ("url", "given"),
    [
        (f"postgresql://u:p@{OPEN},192.0.2.8/db", {}),
        (f"postgresql://u:p@/db?host={OPEN}&host=192.0.2.8", {}),
        (f"postgresql://u:p@{OPEN}/db", {"host": "192.0.2.8"}),
    ],
)
def test_row_16_several_servers_in_one_data_source_are_refused(guard, url, given):
    with pytest.raises(DataSourceRefusedError):
        connect_args(guard, url, **given)


@pytest.mark.proves("GUARDS")
@pytest.mark.parametrize(
    ("url", "given"),
    [
        (f"postgresql://u:p@/db?host={PLATFORM}:9999", {"port": "5432"}),
        (f"postgresql://u:p@{PLATFORM}:9999/db", {"port": "5432"}),
        (f"postgresql://u:p@{PLATFORM}:5432/db", {"port": "9999"}),
        (f"postgresql://u:p@{PLATFORM}/db", {}),
        ("mysql://u:p@198.51.100.6/db", {}),
    ],
)
def test_row_16_another_port_told_elsewhere_does_not_hide_the_platforms_server(guard, url, given):
    with pytest.raises(DataSourceRefusedError):
        connect_args(guard, url, **given)


def test_row_16_another_service_on_the_platforms_machine_is_not_its_server(guard):
    assert connect_args(guard, f"postgresql://u:p@{PLATFORM}:6543/db")


def test_row_35_a_tunnel_that_is_stored_is_refused_before_anything_is_connected_to(bound: Bound):
    from superset.extensions import ssh_manager_factory

    tunnel = SimpleNamespace(server_address="127.0.0.1", server_port=free_port(), username="u")

    with enter(bound.a), pytest.raises(DataSourceRefusedError):
        ssh_manager_factory.instance.create_tunnel(
            ssh_tunnel=tunnel, sqlalchemy_database_uri=f"postgresql://u:p@{OPEN}:5432/db"
        )
