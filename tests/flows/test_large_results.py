"""A query that returns millions of rows: its answer and the server's memory stay small."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.attack import Answer, Side, make_sides, planted_data_source
from support.calls import HEALTH, sees_its_own, slowest_while
from support.deployment import Platform, read_tool, running_platform
from support.intruders import enter
from support.postgres import PostgresServer
from support.rows import fetch

MILLIONS = 10_000_000
MOST = 6_251
"""How many rows are fetched: 25,000 tokens of 3.5 characters, 14 of a row, and one row more."""

MEGABYTE = 2**20
ROOM = 100 * MEGABYTE
"""What thousands of rows may take on the way to their answer; millions take gigabytes."""


def counting(number: int = MILLIONS) -> str:
    """Return SQL that lists numbers on SQLite."""
    return (
        "WITH RECURSIVE n AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM n"
        f" WHERE x < {number}) SELECT x FROM n"
    )


def most_memory(pid: int) -> int:
    """Return how many bytes of memory a process has held at most since the mark was reset."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)[1]) * 1024


def reset_mark(pid: int) -> int:
    """Begin to measure the most memory anew; return what the process holds now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return most_memory(pid)


@pytest.fixture(scope="module")
def served(template_home: Path, postgres: PostgresServer) -> Iterator[Platform]:
    """A platform that may open the tests' PostgreSQL server as a data source."""
    with (
        tempfile.TemporaryDirectory(prefix="overset-home-") as home,
        running_platform(
            Path(home) / "home",
            template=template_home,
            OVERSET_DATA_SOURCE_ALLOW=f"127.0.0.1:{postgres.port}",
        ) as platform,
    ):
        yield platform


@pytest.fixture
def spacious(served: Platform) -> Iterator[Platform]:
    """The platform, whose server's memory grows little during the test."""
    before = reset_mark(served.process.pid)
    yield served
    assert most_memory(served.process.pid) - before < ROOM


def run_beside_a_neighbour(side: Side, statement: str, *, database_id: int = 1) -> Answer:
    """Run SQL as one side while the other workspace is asked for its health."""
    answers: list[Answer] = []
    neighbour = side.platform.token("globex")

    def work() -> None:
        answers.append(side.sql(statement, database_id=database_id, timeout=120))

    slowest = slowest_while(work, lambda: side.platform.post(HEALTH, token=neighbour))
    assert slowest < 5
    return answers[0]


def is_refused_as_too_large(answer: Answer) -> bool:
    """Say whether the rows came as far as to the guard of answers, which says what to do."""
    return "Response too large" in answer.text and "LIMIT" in answer.text


@pytest.mark.parametrize(
    "statement",
    [
        counting(),
        counting() + f" LIMIT {MILLIONS}",
        counting() + f" LIMIT {MILLIONS} + 0",
        "; ".join([counting()] * 3),
        counting() + "; SELECT 1 AS one",
    ],
    ids=["no limit", "a large one", "an expression", "three statements", "the first of two"],
)
def test_millions_of_rows_of_sqlite_take_little_memory(spacious: Platform, statement: str) -> None:
    acme, _ = make_sides(spacious)

    answer = run_beside_a_neighbour(acme, statement)

    assert is_refused_as_too_large(answer)
    assert sees_its_own(spacious)


@pytest.mark.parametrize(
    "statement",
    [
        f"SELECT generate_series(1, {MILLIONS}) AS x",
        f"SELECT x FROM generate_series(1, {MILLIONS}) AS x FETCH FIRST {MILLIONS} ROWS ONLY",
        "SELECT 1 AS x FROM generate_series(1, 10000000) ORDER BY x FETCH FIRST 1 ROWS WITH TIES",
    ],
    ids=["no limit", "a large one", "ties"],
)
def test_millions_of_rows_of_postgresql_take_little_memory(
    spacious: Platform, postgres: PostgresServer, statement: str
) -> None:
    acme, _ = make_sides(spacious)

    with planted_data_source(acme, postgres.url("postgres")) as database_id:
        answer = run_beside_a_neighbour(acme, statement, database_id=database_id)

    assert is_refused_as_too_large(answer)
    assert sees_its_own(spacious)


@pytest.mark.parametrize("command", ["FETCH ALL FROM c", "execute p"])
def test_rows_of_a_query_written_before_are_refused_since_nothing_limits_them(
    served: Platform, postgres: PostgresServer, command: str
) -> None:
    acme, _ = make_sides(served)

    with planted_data_source(acme, postgres.url("postgres")) as database_id:
        answer = acme.sql(command, database_id=database_id)

    assert answer.failed
    assert "cannot be limited" in answer.text


@pytest.mark.parametrize("name", ["x", ""])
def test_no_answer_is_cut_without_being_refused(served: Platform, name: str) -> None:
    """Of the smallest rows there are, as many as are fetched at most: they are too many still."""
    acme, _ = make_sides(served)

    whole = acme.sql(f'SELECT x AS "{name}" FROM ({counting(MOST // 8)})')
    cut = acme.sql(f'SELECT 1 AS "{name}" FROM ({counting()})')

    assert whole.body["row_count"] == MOST // 8
    assert is_refused_as_too_large(cut)
    (query,) = fetch(served, "SELECT rows FROM query ORDER BY id DESC LIMIT 1", workspace="acme")
    assert query.rows == MOST


def test_limits_of_a_query_s_own_hold(served: Platform, postgres: PostgresServer) -> None:
    acme, _ = make_sides(served)
    statement = "SELECT x FROM generate_series(1, 50) AS x ORDER BY x"

    with planted_data_source(acme, postgres.url("postgres")) as database_id:
        answers = [
            acme.sql(f"{statement} {limit}", database_id=database_id)
            for limit in ("LIMIT 5", "FETCH FIRST 5 ROWS ONLY", "LIMIT 2 + 3", "LIMIT ALL")
        ]

    assert [answer.body["row_count"] for answer in answers] == [5, 5, 5, 50]
    assert [row["x"] for row in answers[2].body["rows"]] == [1, 2, 3, 4, 5]


def test_what_tells_about_one_thing_is_shortened_and_stays_whole_json(served: Platform) -> None:
    ada = enter(served, "acme")
    made = {"database": 1, "schema": "main", "table_name": "wordy", "sql": "SELECT 1 AS one"}
    answer = ada.ask("POST", "acme", "/api/v1/dataset/", json=made)
    assert answer.status_code == 201, answer.text
    wordy = answer.json()["id"]
    ada.ask("PUT", "acme", f"/api/v1/dataset/{wordy}", json={"description": "long " * 30_000})
    ada.close()

    told = served.call("get_dataset_info", {"request": {"identifier": wordy}})

    dataset = read_tool(told)
    assert dataset["description"].startswith("long long")
    assert len(dataset["description"]) < 1000
    assert [column["column_name"] for column in dataset["columns"]] == ["one"]
    assert dataset["_truncation_notes"]
