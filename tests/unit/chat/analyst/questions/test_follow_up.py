"""A short text continues the question before it, or answers what was asked back."""

from datetime import date

import pytest

from overset.chat.analyst.questions.follow_up import Asked, Memory, continue_from
from overset.chat.analyst.questions.grammar import parse
from overset.chat.analyst.questions.model import Aggregate, ChartKind, Intent, Settled

TODAY = date(2026, 5, 4)


def follow(*texts):
    memory = None
    for text in texts:
        question = continue_from(memory, parse(text, today=TODAY))
        memory = Memory(question=question)
    return memory.question


def test_a_time_is_put_over_the_one_before():
    question = follow("sales by country in 2003", "and for 2004 only")

    assert (question.span.label, question.groups) == ("2004", ("country",))


def test_a_kind_of_chart_draws_what_was_asked():
    question = follow("sales by country", "as a pie chart")

    assert (question.chart, question.draw, question.measures) == (ChartKind.PIE, True, ("sales",))


def test_groups_replace_and_are_added():
    assert follow("sales by country", "by city instead").groups == ("city",)
    assert follow("sales by country", "and by city").groups == ("country", "city")


def test_a_bare_name_is_a_condition():
    question = follow("sales by year", "what about Germany?")

    assert [one.phrase for one in question.conditions] == ["germany"]
    assert question.measures == ("sales",)


def test_another_aggregate_keeps_the_measure():
    question = follow("total sales by year", "and the average?")

    assert (question.aggregate, question.measures) == (Aggregate.AVG, ("sales",))


def test_it_becomes_a_dashboard():
    question = follow("sales by country in 2004", "make it a dashboard")

    assert question.intent is Intent.DASHBOARD
    assert (question.measures, question.groups) == (("sales",), ("country",))
    assert question.span.label == "2004"


def test_a_year_completes_a_quarter():
    question = follow("sales in Q3", "2004")

    assert (question.span.label, question.span.start) == ("Q3 2004", date(2004, 7, 1))


def test_a_whole_question_starts_anew():
    question = follow("sales by country in 2004", "average price by city")

    assert (question.span, question.groups) == (None, ("city",))


@pytest.mark.parametrize(
    ("reply", "name"),
    [
        ("product line", "product_line"),
        ("the second one", "product_line"),
        ("1", "product_code"),
        ("I mean product_code", "product_code"),
    ],
)
def test_a_reply_settles_what_was_asked_back(reply, name):
    asked = Asked(slot="column", phrase="product", candidates=("product_code", "product_line"))
    before = Memory(question=parse("sales by product", today=TODAY), asked=asked)

    question = continue_from(before, parse(reply, today=TODAY))

    assert question.settled == (Settled(slot="column", phrase="product", name=name),)
    assert question.groups == ("product",)


@pytest.mark.parametrize("reply", ["product", "something else", "9", "what is on this page?"])
def test_a_reply_that_settles_nothing_is_no_answer(reply):
    asked = Asked(slot="column", phrase="product", candidates=("product_code", "product_line"))
    before = Memory(question=parse("sales by product", today=TODAY), asked=asked)

    assert continue_from(before, parse(reply, today=TODAY)).settled == ()


def test_memory_survives_being_written_down():
    question = follow("top 5 customers by sales in Q3 2004", "as a bar chart")
    memory = Memory(question=question, asked=Asked(slot="a", phrase="b", candidates=("c",)))

    assert Memory.model_validate(memory.model_dump(mode="json", exclude_defaults=True)) == memory
