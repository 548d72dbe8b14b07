"""Which rows count: all that was said does, and what was left out stays out."""

import pytest

from support.played_tools import Played

COLUMNS = {"country": "TEXT", "line": "TEXT", "status": "TEXT", "sales": "REAL", "unpaid": "REAL"}
ROWS = [
    ("USA", "Classic Cars", "Shipped", 500, 1),
    ("USA", "Vehicles", "Shipped", 2000, 2),
    ("France", "Classic Cars", "Shipped", 3000, 4),
    ("France", "Vehicles", "Lost", 7000, 8),
    ("Norway", "Trains", "Shipped", 4000, 16),
    ("Norway", "Vehicles", "Lost", 800, 32),
]


def ask(table, *texts):
    """Return the answer, and the SELECT for its figure."""
    played = Played()
    played.make(table, COLUMNS, *ROWS)
    return played.say(*texts), played.sql(), played


@pytest.mark.parametrize(
    ("table", "texts", "filters", "where"),
    [
        (
            "deals",
            ["total sales excluding USA", "also excluding France"],
            """NOT "t"."country" IN ('USA', 'France')""",
            "country NOT IN ('USA', 'France')",
        ),
        (
            "deals",
            ["total sales where country is not USA", "also where country is not France"],
            """NOT "t"."country" IN ('USA', 'France')""",
            "country NOT IN ('USA', 'France')",
        ),
        (
            "deals",
            ["total sales excluding USA", "also excluding USA"],
            """"t"."country" <> 'USA'""",
            "country <> 'USA'",
        ),
        (
            "deals",
            ["total sales where sales is above 600 with sales below 5000"],
            '"t"."sales" > 600 AND "t"."sales" < 5000',
            "sales > 600 AND sales < 5000",
        ),
        (
            "deals",
            ["total sales where sales is above 600", "and where sales is above 2500"],
            '"t"."sales" > 2500',
            "sales > 2500",
        ),
        (
            "deals",
            ["total sales in France", "what about Norway?"],
            """"t"."country" = 'Norway'""",
            "country = 'Norway'",
        ),
        (
            "deals",
            ["total sales in France excluding Vehicles", "what about USA?"],
            """"t"."line" <> 'Vehicles' AND "t"."country" = 'USA'""",
            "country = 'USA' AND line <> 'Vehicles'",
        ),
        (
            "vehicle_sales",
            ["total sales excluding vehicles"],
            """"t"."line" <> 'Vehicles'""",
            "line <> 'Vehicles'",
        ),
        (
            "vehicle_sales",
            ["total sales of vehicles"],
            """"t"."line" = 'Vehicles'""",
            "line = 'Vehicles'",
        ),
        (
            "classic_car_sales",
            ["total sales for classic cars"],
            """"t"."line" = 'Classic Cars'""",
            "line = 'Classic Cars'",
        ),
        ("orders_lost", ["total sales where status = lost"], "'Lost'", "status = 'Lost'"),
    ],
)
def test_what_is_said_is_in_the_select_and_its_figure_is_that_of_the_rows(
    table, texts, filters, where
):
    said, sql, played = ask(table, *texts)

    ((total,),) = played.rows.execute(f"SELECT sum(sales) FROM {table} WHERE {where}")
    assert f"**{total:,.0f}**" in said
    assert sql.partition(" WHERE ")[2].count(" AND ") == filters.count(" AND ")
    assert all(one in sql for one in filters.split(" AND "))


def test_the_datasets_own_name_leaves_nothing_out_where_it_is_no_value():
    said, sql, _ = ask("boat_sales", "total sales of boats")

    assert "**17,300**" in said
    assert "WHERE" not in sql


def test_what_is_left_out_by_the_datasets_name_and_is_no_value_is_asked_about():
    said, sql, _ = ask("boat_sales", "total sales excluding boats")

    assert "I found no value “boats”" in said
    assert "SUM" not in sql


def test_a_figure_that_is_merely_spelled_alike_is_asked_about_and_not_summed():
    played = Played()
    played.make("deals", COLUMNS, *ROWS)

    asked = played.say("total paid")
    assert "1. `unpaid`" in asked
    assert [tool for tool, _ in played.asked] == ["list_datasets", "get_dataset_info"]
    assert "**63**" in played.say("total paid", "unpaid")
    assert "| USA | 2,500 |" in played.say("total sales by countyr")
