"""Row 54: SQL of one workspace opens no other file and writes none, through every tool with SQL."""

import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from overset.tenancy.locations import data_folder, metadata_file
from support.attack import Side, make_attacker
from support.deployment import Platform

_READ = "SELECT group_concat(name) AS found FROM g.sqlite_master"

# `{file}` is a file that is not acme's; `{new}` is one that does not exist.
OPENING = {
    "attach": "ATTACH DATABASE '{file}' AS g; " + _READ,
    "attach by URI": "ATTACH DATABASE 'file:{file}?mode=ro' AS g; " + _READ,
    "attach after a comment": "/* SELECT */ ATTACH '{file}' AS g; -- x\n" + _READ,
    "attach between selects": "SELECT 1 AS one; ATTACH '{file}' AS g; " + _READ,
    "attach by an expression": "ATTACH ('{head}' || '{tail}') AS g; " + _READ,
    "attach and copy": "ATTACH '{file}' AS g; CREATE TEMP TABLE t AS " + _READ,
    "explained attach": "EXPLAIN ATTACH '{file}' AS g",
    "load_extension": "SELECT load_extension('{file}') AS found",
    "readfile": "SELECT readfile('{file}') AS found",
    "edit": "SELECT edit('x', 'cat {file}') AS found",
    "fts3 tokenizer": "SELECT fts3_tokenizer('simple') AS found",
    "virtual table": "CREATE VIRTUAL TABLE temp.v USING fts5(x); SELECT 1 AS found",
    "template": "{{{{ 'ATTACH' }}}} '{file}' AS g; " + _READ,
    "template set": "{{% set a = 'ATTACH' %}}{{{{ a }}}} '{file}' AS g; " + _READ,
}

WRITING = {
    "vacuum into": "VACUUM INTO '{new}'",
    "vacuum main into": "VACUUM main INTO '{new}'",
    "attach a new file": "ATTACH '{new}' AS n; CREATE TABLE n.t (x); SELECT 1 AS one",
    "insert": "INSERT INTO facts VALUES (99, 'x', 'x', 1)",
    "insert in a CTE": "WITH w AS (SELECT 1 AS x) INSERT INTO facts SELECT x, x, x, x FROM w",
    "insert after a select": "SELECT 1 AS one; INSERT INTO facts VALUES (99, 'x', 'x', 1)",
    "update": "UPDATE facts SET word = 'x'",
    "delete": "DELETE FROM facts",
    "drop": "DROP TABLE facts",
    "alter": "ALTER TABLE facts ADD COLUMN y",
    "create": "CREATE TABLE made (x)",
    "temp table": "CREATE TEMP TABLE made AS SELECT * FROM facts",
    "temp trigger": "CREATE TEMP TRIGGER t AFTER INSERT ON facts BEGIN SELECT 1; END",
    "temp view": "CREATE TEMP VIEW facts AS SELECT 'x' AS word",
    "analyze": "ANALYZE",
    "vacuum": "VACUUM",
    "detach": "DETACH DATABASE main",
    "pragma writable_schema": "PRAGMA writable_schema = 1",
    "pragma journal_mode": "PRAGMA journal_mode = WAL",
    "pragma user_version": "PRAGMA user_version = 7",
    "pragma temp_store_directory": "PRAGMA temp_store_directory = '{new}'",
    "pragma query_only": "PRAGMA query_only = 0; DELETE FROM facts",
    "pragma trusted_schema": "PRAGMA trusted_schema = 1",
    "pragma wal_checkpoint": "PRAGMA wal_checkpoint(TRUNCATE)",
}


@pytest.fixture(scope="module")
def _acme(sqlite_platform: Platform) -> Side:
    return make_attacker(sqlite_platform)


@pytest.fixture
def acme(_acme: Side) -> Iterator[Side]:
    yield from _untouched(_acme)


@pytest.fixture
def acme_on_postgres(postgres_platform: Platform) -> Iterator[Side]:
    yield from _untouched(make_attacker(postgres_platform))


def _untouched(side: Side) -> Iterator[Side]:
    """Whatever was tried: not a byte of any data file changed, and there is no new file."""
    before = _fingerprints(side.platform)
    yield side
    assert _fingerprints(side.platform) == before


def _fingerprints(platform: Platform) -> dict[Path, str]:
    files = (path for path in (platform.settings.home / "data").rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _targets(platform: Platform) -> dict[str, Path]:
    """What is not acme's data: globex's, and on SQLite all metadata and the manager's database."""
    settings = platform.settings
    ids = {slug: platform.manager.workspaces.get(slug).id for slug in ("acme", "globex")}
    found = {"globex's data": data_folder(settings, ids["globex"]) / "warehouse.db"}
    if settings.metadata_url is None:
        found |= {
            "globex's metadata": metadata_file(settings, ids["globex"]),
            "acme's own metadata": metadata_file(settings, ids["acme"]),
            "the manager's database": settings.home / "manager.db",
        }
    else:
        # On PostgreSQL no such file is there, but secrets may be.
        found["a server's log"] = settings.home / "server.log"
    assert all(path.exists() for path in found.values())
    return found


def _write(pattern: str, file: Path, new: Path) -> str:
    text = str(file)
    return pattern.format(file=text, head=text[:9], tail=text[9:], new=new)


def _assert_refused(answer_text: str, *, failed: bool, statement: str) -> None:
    assert failed, (statement, answer_text)
    for table in ("ab_user", "signing_key", "only_canary", "sqlite_master,"):
        assert table not in answer_text.replace(statement, "")


@pytest.mark.parametrize("pattern", OPENING.values(), ids=OPENING)
@pytest.mark.proves("AUTHORIZER")
def test_row_54_execute_sql_opens_no_other_file(acme: Side, pattern: str) -> None:
    for file in _targets(acme.platform).values():
        statement = _write(pattern, file, file)
        answer = acme.sql(statement)
        _assert_refused(answer.text, failed=answer.failed, statement=statement)


@pytest.mark.parametrize("name", ["attach", "attach by an expression", "readfile"])
@pytest.mark.proves("AUTHORIZER")
def test_row_54_nor_where_metadata_is_on_a_server(acme_on_postgres: Side, name: str) -> None:
    test_row_54_execute_sql_opens_no_other_file(acme_on_postgres, OPENING[name])


@pytest.mark.parametrize("pattern", WRITING.values(), ids=WRITING)
@pytest.mark.proves("AUTHORIZER")
def test_row_54_execute_sql_writes_nothing(acme: Side, pattern: str) -> None:
    new = _new_file(acme.platform)
    answer = acme.sql(_write(pattern, new, new))
    assert not new.exists()
    assert answer.failed, answer.text


def _new_file(platform: Platform) -> Path:
    home = data_folder(platform.settings, platform.manager.workspaces.get("acme").id)
    return home / f"{secrets.token_hex(6)}.db"


@pytest.mark.parametrize("pattern", [OPENING["attach"], OPENING["attach by URI"]])
def test_row_54_saved_sql_is_as_harmless_when_it_is_run(acme: Side, pattern: str) -> None:
    for file in _targets(acme.platform).values():
        label = secrets.token_hex(6)
        statement = _write(pattern, file, file)
        acme.ask("save_sql_query", database_id=1, label=label, sql=statement)
        (saved,) = acme.execute("SELECT sql FROM saved_query WHERE label = :label", label=label)
        answer = acme.sql(saved.sql)
        _assert_refused(answer.text, failed=answer.failed, statement=statement)


_INNER = {
    **{name: OPENING[name] for name in ("attach", "attach and copy", "explained attach")},
    **{name: WRITING[name] for name in ("vacuum into", "insert in a CTE", "pragma user_version")},
    "a subquery that attaches": "SELECT * FROM (ATTACH '{file}' AS g)",
    "a second statement": "SELECT word FROM facts); ATTACH '{file}' AS g; SELECT * FROM (SELECT 1",
}


@pytest.mark.parametrize("pattern", _INNER.values(), ids=_INNER)
def test_row_54_a_virtual_dataset_cannot_be_made_of_such_sql(acme: Side, pattern: str) -> None:
    new = _new_file(acme.platform)
    statement = _write(pattern, _targets(acme.platform)["globex's data"], new)
    name = secrets.token_hex(6)
    made = acme.ask("create_virtual_dataset", database_id=1, sql=statement, dataset_name=name)
    assert made.failed, made.text
    assert not acme.execute("SELECT id FROM tables WHERE table_name = :name", name=name)
    assert not new.exists()


@pytest.mark.parametrize("pattern", [OPENING["attach"], OPENING["attach and copy"]])
def test_row_54_chart_data_of_a_dataset_with_such_sql_shows_no_other_file(
    acme: Side, pattern: str
) -> None:
    """The dataset's SQL is put where no tool would: straight into the metadata database."""
    (before,) = acme.execute("SELECT sql FROM tables WHERE id = 2")
    chart = acme.ask(
        "generate_chart",
        dataset_id=2,
        config={"chart_type": "table", "columns": [{"name": "word"}]},
        save_chart=True,
    ).body["chart"]["id"]
    try:
        for file in _targets(acme.platform).values():
            statement = _write(pattern, file, file)
            acme.execute("UPDATE tables SET sql = :sql WHERE id = 2", sql=statement)
            for tool in ("get_chart_data", "get_chart_preview"):
                answer = acme.ask(tool, identifier=chart, format=_FORMAT[tool], force_refresh=True)
                _assert_refused(answer.text, failed=answer.failed, statement=statement)
    finally:
        acme.execute("UPDATE tables SET sql = :sql WHERE id = 2", sql=before.sql)


_FORMAT = {"get_chart_data": "json", "get_chart_preview": "table"}


@pytest.mark.parametrize(
    "template",
    [
        "SELECT '{{ 6 * 7 }}' AS found",
        "SELECT '{{ current_username() }}' AS found",
        "SELECT '{{ cache_key_wrapper.__globals__ }}' AS found",
        "SELECT '{{ ''.__class__.__mro__[1].__subclasses__() }}' AS found",
        "SELECT '{% for d in metric(''count'', 1) %}x{% endfor %}' AS found",
    ],
)
def test_row_54_templates_in_sql_are_plain_text(acme: Side, template: str) -> None:
    answer = acme.sql(template, template_params={"x": "1"})
    expected = template.partition("'")[2].rpartition("'")[0].replace("''", "'")
    assert answer.failed or answer.body["rows"] == [{"found": expected}], answer.text


def test_row_54_ordinary_sql_still_reads(acme: Side) -> None:
    for statement in (
        "SELECT count(*) AS n FROM facts",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION SELECT n + 1 FROM t WHERE n < 3) SELECT n FROM t",
        "SELECT region, sum(amount) OVER (PARTITION BY region) AS total FROM facts",
        "SELECT upper(word) AS word, date('now') AS day FROM facts WHERE word LIKE '%a%'",
        "PRAGMA table_info('facts')",
        "EXPLAIN QUERY PLAN SELECT * FROM facts",
    ):
        answer = acme.sql(statement)
        assert not answer.failed, (statement, answer.text)
