"""What a member is asked is words, and hides nothing that would be sent without saying so."""

import pytest

from overset.chat.wording import describe_call


def describe(title: str, **arguments: object) -> str:
    return describe_call({"name": "t", "args": {"request": arguments}, "id": "c"}, title)


def test_what_is_made_is_named_first_and_what_is_given_follows_in_words() -> None:
    config = {"kind": "line", "y": [{"name": "sales", "aggregate": "SUM"}], "stacked": False}

    told = describe("Create chart", dataset_id=1, config=config, chart_name="Sales", filters=None)

    assert told == (
        "Create chart “Sales”. Dataset id: 1; config: kind line, y name sales, aggregate SUM,"
        " stacked no."
    )


def test_sql_stays_as_it_is_written() -> None:
    told = describe("Execute SQL query", sql='SELECT "a b" FROM t')

    assert told == 'Execute SQL query. Sql: SELECT "a b" FROM t.'


@pytest.mark.parametrize("count", [1, 8])
def test_what_has_room_is_told_whole(count: int) -> None:
    assert "…" not in describe("Do it", **{f"a_{n}": n for n in range(count)})


def test_what_is_left_out_is_marked() -> None:
    assert describe("Do it", **{f"a_{n}": n for n in range(9)}).endswith("; ….")
    assert "…" in describe("Do it", text="x" * 400)


def test_a_tool_without_arguments_is_its_title() -> None:
    assert describe("Refresh") == "Refresh."
