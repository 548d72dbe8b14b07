"""Superset's tool lists a hundred datasets at once: one that is named is found among the others."""

from datetime import date

import pytest

from overset.chat.analyst.outcomes import Outcome
from overset.chat.analyst.questions.grammar import parse
from overset.chat.analyst.scripts.describing import show_description
from overset.chat.analyst.steps import Desk, NotSureError
from support.played_tools import Played

COLUMNS = {"city": "TEXT", "amount": "REAL"}
AT = "in the {} dataset"


def crowd(*first, then=(), count=130):
    """Return a workspace whose older datasets are not among those that are listed at once."""
    played = Played()
    for number, name in enumerate(first):
        played.make(name, COLUMNS, ("Oslo", number + 1))
    for number in range(count - len(then)):
        played.make(f"other_{number}", COLUMNS, ("Oslo", 1000))
    for name in then:
        played.make(name, COLUMNS, ("Oslo", 5000))
    return played


@pytest.mark.parametrize(
    "text",
    [
        "total amount in the orders_2024 dataset",
        "total amount of orders_2024",
        "total amount in orders_2024",
    ],
)
def test_a_named_dataset_is_found_and_not_a_similar_one(text):
    played = crowd("orders_2023", "orders_2024", then=["orders_2025", "orders_204"])

    assert "**2**" in played.say(text)
    assert "`orders_2024`" in played.say(text)


def test_a_plural_in_the_name_is_found():
    assert "**1**" in crowd("sub_categories").say("total amount in the sub category dataset")


def test_follow_up_questions_stay_with_it():
    played = crowd("orders_2023", "orders_2024")

    assert "From `orders_2024`" in played.say(
        "total amount of orders_2024", "and by city", "as a table"
    )


def test_a_follow_up_that_names_another_goes_there():
    played = crowd("orders_2023", "orders_2024")

    asked = [f"total amount {AT.format('orders_2024')}", f"and {AT.format('orders_2023')}"]
    said = played.say(*asked)

    assert "From `orders_2023`" in said


def test_it_is_described():
    said = crowd("orders_2024", then=["orders_2025"]).say("describe orders_2024")

    assert "[orders" in said
    assert "datasource_id=1)" in said


def test_the_one_on_screen_is_used():
    page = {"kind": "dataset", "id": 1, "title": "orders_2024"}

    assert "From `orders_2024`" in crowd("orders_2024").say("total amount", page=page)


def test_one_that_is_named_counts_and_not_the_one_on_screen():
    page = {"kind": "dataset", "id": 1, "title": "orders_2024"}
    played = crowd("orders_2024", "births")

    assert "From `births`" in played.say("total amount in the births dataset", page=page)
    assert "From `orders_2024`" in played.say("total amount in this dataset", page=page)


def test_where_none_has_the_name_it_says_how_many_it_looked_at():
    played = crowd("orders_2023", then=["orders_2025"])

    said = played.say(f"total amount {AT.format('orders_2024')}")

    assert "no dataset like “orders_2024”. There are 131 datasets, and I looked at 100" in said
    assert "1. `orders_2025`" in said
    assert "execute_sql" not in [tool for tool, _ in played.asked]


def test_where_too_many_have_the_name_it_says_so_and_takes_no_similar_one():
    played = crowd("a_sum", *(f"sums_{n}" for n in range(200)), then=["sumss"])

    said = played.say(f"total amount {AT.format('summ')}")
    vague = played.say("amount by city for sums other")

    assert "I looked at" in said
    assert "I may not have seen the one that you mean" in vague
    assert "execute_sql" not in [tool for tool, _ in played.asked]


def test_where_all_are_listed_none_is_searched_for():
    played = crowd("orders_2024", count=5)
    played.say(f"total amount {AT.format('orders_2024')}")

    assert [given for tool, given in played.asked if tool == "list_datasets"] == [
        {"page": 1, "page_size": 100}
    ]


def test_of_many_dashboards_a_similar_one_is_not_taken():
    today = date(2026, 5, 4)
    desk = Desk(frozenset({"list_dashboards", "get_dashboard_info"}), today)
    rows = [{"id": 1, "dashboard_title": "Sales 2024 old"}]
    script = show_description(desk, parse("describe the sales 2024 dashboard", today=today))
    next(script)

    with pytest.raises(NotSureError, match="I looked at 1 of 130") as asked:
        script.send((Outcome({"dashboards": rows, "total_count": 130}),))
    assert asked.value.candidates == ("Sales 2024 old",)
