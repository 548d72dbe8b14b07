"""Plain English becomes a question with its phrases in their places."""

from datetime import date

import pytest

from overset.chat.analyst.questions.grammar import LONGEST, parse
from overset.chat.analyst.questions.model import Aggregate, ChartKind, Condition, Intent, Top

TODAY = date(2026, 5, 4)


def read(text):
    return parse(text, today=TODAY)


@pytest.mark.parametrize(
    ("text", "intent", "subject"),
    [
        ("list datasets", Intent.LIST, "datasets"),
        ("What data do you have?", Intent.LIST, "datasets"),
        ("which dashboards are there", Intent.LIST, "dashboards"),
        ("show me all charts please", Intent.LIST, "charts"),
        ("Describe the birth names dataset", Intent.DESCRIBE, "birth names"),
        ("what columns does orders have?", Intent.DESCRIBE, "orders"),
        ("tell me about the Sales Dashboard", Intent.DESCRIBE, "sales"),
        ("which genres are there?", Intent.VALUES, "genres"),
        ("list the product lines", Intent.VALUES, "product lines"),
        ("what are the values of status", Intent.VALUES, "status"),
        ("Build a dashboard of sales", Intent.DASHBOARD, "sales"),
        ("What is on this page?", Intent.PAGE, ""),
        ("explain this dashboard", Intent.PAGE, ""),
        ("Why did revenue drop in March?", Intent.CANNOT, "explain why"),
        ("forecast sales", Intent.CANNOT, "predict"),
        ("delete the sales chart", Intent.CANNOT, "change or delete anything that exists"),
        ("email me the report", Intent.CANNOT, "send, share, schedule or export"),
        ("help", Intent.HELP, ""),
        ("what can you do?", Intent.HELP, ""),
    ],
)
def test_the_kind_of_question_is_told(text, intent, subject):
    question = read(text)

    assert (question.intent, question.subject) == (intent, subject)


@pytest.mark.parametrize(
    ("text", "measures", "groups"),
    [
        ("Show me sales by year and product line", ("sales",), ("year", "product line")),
        ("I'd like to see sales per country", ("sales",), ("country",)),
        ("sales trend by territory", ("sales",), ("territory", "time")),
        ("monthly sales", ("sales",), ("month",)),
        ("sales and profit by region", ("sales", "profit"), ("region",)),
        ("how much is the revenue for each store", ("revenue",), ("store",)),
        ("quantity ordered by status", ("quantity ordered",), ("status",)),
        ("breakdown of sales by city, state and country", ("sales",), ("city", "state", "country")),
        ("sales in 2003 and 2004", ("sales",), ("year",)),
    ],
)
def test_measures_and_groups_are_found(text, measures, groups):
    question = read(text)

    assert question.intent is Intent.FIGURES
    assert (question.measures, question.groups) == (measures, groups)


@pytest.mark.parametrize(
    ("text", "aggregate", "measures"),
    [
        ("total sales", Aggregate.SUM, ("sales",)),
        ("the average of price", Aggregate.AVG, ("price",)),
        ("mean price by city", Aggregate.AVG, ("price",)),
        ("highest price", Aggregate.MAX, ("price",)),
        ("number of orders by status", Aggregate.COUNT, ("orders",)),
        ("how many rows are in orders", Aggregate.COUNT, ("rows",)),
        ("how many different cities are there", Aggregate.COUNT_DISTINCT, ("cities",)),
        ("how many orders where status is open", Aggregate.COUNT, ("orders",)),
    ],
)
def test_how_values_become_one_is_found(text, aggregate, measures):
    question = read(text)

    assert (question.aggregate, question.measures) == (aggregate, measures)


@pytest.mark.parametrize(
    ("text", "top", "groups", "measures"),
    [
        ("top 5 customers by sales", Top(count=5), ("customers",), ("sales",)),
        ("the bottom three shops by profit", Top(count=3, lowest=True), ("shops",), ("profit",)),
        ("which country has the highest sales?", Top(count=1), ("country",), ("sales",)),
        ("the 3 cities with the most sales", Top(count=3), ("cities",), ("sales",)),
        ("best-selling games", Top(count=10), ("games",), ("sales",)),
        ("sales by city, top 4", Top(count=4), ("city",), ("sales",)),
        ("top customers by total sales in 2004", Top(count=10), ("customers",), ("sales",)),
    ],
)
def test_the_first_few_are_found(text, top, groups, measures):
    question = read(text)

    assert (question.top, question.groups, question.measures) == (top, groups, measures)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pie chart of sales by deal size", ChartKind.PIE),
        ("draw a stacked bar chart of sales by city", ChartKind.BAR),
        ("sales by city as a table", ChartKind.TABLE),
        ("show sales over time in a line graph", ChartKind.LINE),
        ("plot sales by city", None),
    ],
)
def test_a_chart_is_wanted(text, kind):
    question = read(text)

    assert (question.draw, question.chart) == (True, kind)
    assert question.measures == ("sales",)


def test_a_plain_total_wants_no_chart():
    assert not read("show me the total sales").draw
    assert not read("sales by city").draw


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("sales in France", (Condition(phrase="france"),)),
        ("sales for girls in CA", (Condition(phrase="girls"), Condition(phrase="ca"))),
        ("sales where deal size is large", (Condition(phrase="deal size is large"),)),
        ("sales by city excluding USA", (Condition(phrase="usa", negated=True),)),
        ("sales with amount at least 40", (Condition(phrase="amount at least 40"),)),
        ('sales in "Trucks by Night"', (Condition(phrase="trucks by night"),)),
    ],
)
def test_conditions_are_kept_as_they_were_said(text, conditions):
    assert read(text).conditions == conditions


def test_a_comparison_is_told():
    values = read("compare sales of Classic Cars and Trains")
    measures = read("na_sales vs eu_sales by genre")

    assert values.compares
    assert values.conditions == (Condition(phrase="classic cars and trains"),)
    assert measures.measures == ("na_sales", "eu_sales")


def test_a_dataset_that_is_named_is_taken_out():
    question = read("average price in the video game sales dataset by genre")

    assert (question.dataset, question.measures) == ("video game sales", ("price",))


@pytest.mark.parametrize(
    "text",
    ["", "   ", "?!", "\x00", "a" * (LONGEST + 1), "by by by", "in in", "§0§", "''", "😀" * 50],
)
def test_any_text_is_read_without_an_error(text):
    assert read(text).intent in {Intent.FIGURES, Intent.UNCLEAR}


def test_a_long_text_of_small_words_is_read_quickly():
    assert read("by in of for " * 70)
    assert read(("which a has the most " * 40).strip())
