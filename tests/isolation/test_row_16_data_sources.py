"""Row 16: a workspace's data sources reach neither the platform's servers nor this machine.

The rows are put straight into the workspace's metadata database, as somebody who got past every
check of the REST API would have them; then SQL is run on them over MCP.
"""

import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from overset.tenancy.locations import data_folder, metadata_file
from support.attack import Answer, Ear, Side, listening, make_attacker, planted_data_source
from support.deployment import Platform

_REFUSED = (
    "cannot be found",
    "inside the platform",
    "is not available",
    "are not available",
    "name one server",
    "name the server",
)


@pytest.fixture(scope="module")
def acme(sqlite_platform: Platform) -> Side:
    return make_attacker(sqlite_platform)


@pytest.fixture(scope="module")
def acme_on_postgres(postgres_platform: Platform) -> Side:
    return make_attacker(postgres_platform)


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


def _run(side: Side, url: str, **extra: Any) -> Answer:
    with planted_data_source(side, url, **extra) as database_id:
        return side.sql("SELECT 1 AS one", database_id=database_id)


def _assert_refused(answer: Answer) -> None:
    assert answer.failed, answer.text
    assert any(words in answer.text for words in _REFUSED), answer.text


SPELLINGS: dict[str, str] = {
    "address": "postgresql://127.0.0.1:{port}/x",
    "another driver's name": "postgresql+psycopg2://127.0.0.1:{port}/x",
    "an old name": "postgres://127.0.0.1:{port}/x",
    "name": "postgresql://localhost:{port}/x",
    "name in capitals": "postgresql://LocalHost:{port}/x",
    "name with a dot": "postgresql://localhost.:{port}/x",
    "another loopback address": "postgresql://127.1.2.3:{port}/x",
    "short": "postgresql://127.1:{port}/x",
    "zero": "postgresql://0:{port}/x",
    "unspecified": "postgresql://0.0.0.0:{port}/x",
    "decimal": "postgresql://2130706433:{port}/x",
    "hexadecimal": "postgresql://0x7f000001:{port}/x",
    "octal": "postgresql://0177.0.0.1:{port}/x",
    "IPv6": "postgresql://[::1]:{port}/x",
    "mapped into IPv6": "postgresql://[::ffff:127.0.0.1]:{port}/x",
    "mapped in hexadecimal": "postgresql://[::ffff:7f00:1]:{port}/x",
    "host in the query": "postgresql://192.0.2.1:{port}/x?host=127.0.0.1",
    "host in the query alone": "postgresql:///x?host=127.0.0.1&port={port}",
    "hosts in the query": "postgresql:///x?host=192.0.2.1:{port}&host=127.0.0.1:{port}",
    "hostaddr": "postgresql://192.0.2.1:{port}/x?hostaddr=127.0.0.1",
    "comma list": "postgresql:///x?host=127.0.0.1,192.0.2.1&port={port},{port}",
    "comma list in the host": "postgresql://127.0.0.1,127.0.0.1:{port}/x",
    "service": "postgresql:///x?service=metadata",
    "socket": "postgresql:///x?host=/var/run/postgresql&port={port}",
    "abstract socket": "postgresql:///x?host=@x&port={port}",
    "no host": "postgresql:///x?port={port}",
    "no host at all": "postgresql://",
}

ARGUMENTS: dict[str, dict[str, str]] = {
    "host": {"host": "127.0.0.1"},
    "hostaddr": {"hostaddr": "127.0.0.1"},
    "socket": {"host": "/var/run/postgresql"},
    "dsn": {"dsn": "host=127.0.0.1 port={port}"},
    "service": {"service": "metadata"},
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@pytest.mark.proves("GUARDS")
def test_row_16_no_spelling_of_this_machine_is_connected_to(
    acme: Side, ear: Ear, spelling: str
) -> None:
    answer = _run(acme, spelling.format(port=ear.port))
    assert ear.heard == 0
    _assert_refused(answer)


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS)
@pytest.mark.proves("GUARDS")
def test_row_16_nor_when_it_hides_in_the_connection_arguments(
    acme: Side, ear: Ear, arguments: dict[str, str]
) -> None:
    given = {name: value.format(port=ear.port) for name, value in arguments.items()}
    url = f"postgresql://192.0.2.1:{ear.port}/x"
    answer = _run(acme, url, engine_params={"connect_args": {**given, "connect_timeout": 2}})
    assert ear.heard == 0
    _assert_refused(answer)


OTHER_KINDS = {
    "shillelagh": "shillelagh://",
    "shillelagh without safety": "shillelagh+apsw:///{file}",
    "gsheets": "gsheets://",
    "Superset's own": "superset://",
}


@pytest.mark.parametrize("url", OTHER_KINDS.values(), ids=OTHER_KINDS)
@pytest.mark.proves("GUARDS")
def test_row_16_dialects_with_sqlite_inside_are_refused(acme: Side, url: str) -> None:
    file = _foreign_files(acme.platform)["globex's data"]
    statement = f"ATTACH DATABASE '{file}' AS g; SELECT name FROM g.sqlite_master"
    with planted_data_source(acme, url.format(file=file)) as database_id:
        answer = acme.sql(statement, database_id=database_id)
    assert "only_canary" not in answer.text
    assert "not available here" in answer.text


def _foreign_files(platform: Platform) -> dict[str, Any]:
    globex = platform.manager.workspaces.get("globex").id
    acme = platform.manager.workspaces.get("acme").id
    settings = platform.settings
    return {
        "globex's data": data_folder(settings, globex) / "warehouse.db",
        "globex's metadata": metadata_file(settings, globex),
        "acme's own metadata": metadata_file(settings, acme),
        "the manager's database": settings.home / "manager.db",
    }


_Url = Callable[[str, str], str]

FILE_URLS: dict[str, _Url] = {
    "path": lambda file, _: f"sqlite:///{file}",
    "URI": lambda file, _: f"sqlite:///file:{file}?uri=true",
    "URI with an authority": lambda file, _: f"sqlite:///file://localhost{file}?uri=true",
    "dots": lambda file, own: f"sqlite:///{own}/../../../{_below_home(file)}",
    "dots in a URI": lambda file, own: (
        f"sqlite:///file:{own}/../../../{_below_home(file)}?uri=true"
    ),
    "escaped dots": lambda file, own: f"sqlite:///{own}/%2e%2e/%2e%2e/%2e%2e/{_below_home(file)}",
    "twice escaped dots": lambda file, own: (
        f"sqlite:///file:{own}/%252e%252e/%252e%252e/%252e%252e/{_below_home(file)}?uri=true"
    ),
    "another driver": lambda file, _: f"sqlite+aiosqlite:///{file}",
    "a file system of SQLite's": lambda file, _: f"sqlite:///file:{file}?vfs=unix-none&uri=true",
}


def _below_home(file: str) -> str:
    return file.rpartition("/home/")[2]


@pytest.mark.parametrize("url", FILE_URLS.values(), ids=FILE_URLS)
def test_row_16_a_sqlite_file_that_is_not_the_workspaces_own_is_not_opened(
    acme: Side, url: _Url
) -> None:
    folder = data_folder(acme.platform.settings, acme.id)
    own = f"{folder}"
    for file in _foreign_files(acme.platform).values():
        with planted_data_source(acme, url(str(file), own)) as database_id:
            answer = acme.sql("SELECT name FROM sqlite_master", database_id=database_id)
        assert answer.failed, answer.text
        for found in ("only_canary", "ab_user", "signing_key"):
            assert found not in answer.text


def test_row_16_a_link_in_the_own_folder_leads_nowhere_else(acme: Side) -> None:
    link = data_folder(acme.platform.settings, acme.id) / "link.db"
    link.symlink_to(_foreign_files(acme.platform)["globex's data"])
    try:
        _assert_refused(_run(acme, f"sqlite:///{link}"))
    finally:
        link.unlink()


@pytest.mark.parametrize("database", ["postgres", "the other's metadata", "the own metadata"])
@pytest.mark.proves("GUARDS")
def test_row_16_stolen_credentials_do_not_open_the_metadata_server(
    acme_on_postgres: Side, database: str
) -> None:
    """The superuser's own password, and the server's own address: still refused."""
    side = acme_on_postgres
    secret = side.platform.settings.metadata_admin_url
    assert secret is not None
    server = urlsplit(secret.get_secret_value())
    names = {
        "postgres": "postgres",
        "the other's metadata": str(side.platform.manager.workspaces.get("globex").id),
        "the own metadata": side.id,
    }
    url = f"postgresql://{server.username}@{server.hostname}:{server.port}/{names[database]}"
    with planted_data_source(
        side, url, engine_params={"connect_args": {"password": server.password}}
    ) as database_id:
        answer = side.sql("SELECT count(*) AS n FROM pg_database", database_id=database_id)
    _assert_refused(answer)


@pytest.mark.proves("GUARDS")
def test_row_16_redis_and_the_manager_are_not_reached_either(acme_on_postgres: Side) -> None:
    settings = acme_on_postgres.platform.settings
    assert settings.redis_url is not None
    redis = urlsplit(settings.redis_url.get_secret_value())
    for host, port in (
        (redis.hostname, redis.port),
        ("127.0.0.1", settings.port),
        (socket.gethostname(), settings.port),
    ):
        answer = _run(acme_on_postgres, f"postgresql://{host}:{port}/x?connect_timeout=2")
        _assert_refused(answer)


def test_row_16_the_workspaces_own_file_is_opened(acme: Side) -> None:
    own = data_folder(acme.platform.settings, acme.id) / "warehouse.db"
    assert not _run(acme, f"sqlite:///{own}").failed
