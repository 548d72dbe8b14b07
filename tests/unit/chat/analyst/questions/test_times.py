"""Words for time become days, and what is left of the text is without them."""

from datetime import date

import pytest

from overset.chat.analyst.questions.times import take_span

TODAY = date(2026, 5, 4)


@pytest.mark.parametrize(
    ("text", "start", "end", "rest"),
    [
        ("sales in 2004", "2004-01-01", "2005-01-01", "sales"),
        ("2004 sales", "2004-01-01", "2005-01-01", "sales"),
        ("sales in q3 2004 by country", "2004-07-01", "2004-10-01", "sales by country"),
        ("sales for 2004 q4", "2004-10-01", "2005-01-01", "sales"),
        ("sales in the third quarter of 2004", "2004-07-01", "2004-10-01", "sales"),
        ("sales in december 2004", "2004-12-01", "2005-01-01", "sales"),
        ("sales in feb 2004", "2004-02-01", "2004-03-01", "sales"),
        ("sales between 2003 and 2004", "2003-01-01", "2005-01-01", "sales"),
        ("sales from 2005 to 2003", "2003-01-01", "2006-01-01", "sales"),
        ("sales 2003-2004", "2003-01-01", "2005-01-01", "sales"),
        ("sales since 2004", "2004-01-01", None, "sales"),
        ("sales after 2004", "2005-01-01", None, "sales"),
        ("sales before 2004", None, "2004-01-01", "sales"),
        ("sales until 2004", None, "2005-01-01", "sales"),
        ("sales last year", "2025-01-01", "2026-01-01", "sales"),
        ("sales this year", "2026-01-01", "2027-01-01", "sales"),
        ("sales last quarter", "2026-01-01", "2026-04-01", "sales"),
        ("sales last month", "2026-04-01", "2026-05-01", "sales"),
        ("sales in the last 3 months", "2026-02-01", None, "sales"),
        ("sales in the last 2 years", "2024-05-01", None, "sales"),
        ("sales on 2004-02-29", "2004-02-29", "2004-03-01", "sales"),
        ("sales on 2003-02-31", "2003-02-28", "2003-03-01", "sales"),
    ],
)
def test_a_stretch_of_time_is_read(text, start, end, rest):
    span, left = take_span(text, today=TODAY)

    assert (span.start and span.start.isoformat()) == start
    assert (span.end and span.end.isoformat()) == end
    assert left == rest


def test_years_that_are_listed_are_kept_apart():
    span, rest = take_span("sales in 2003 and 2005", today=TODAY)

    assert (span.years, span.start, rest) == ((2003, 2005), None, "sales")


@pytest.mark.parametrize("text", ["sales in q3", "sales in march"])
def test_a_quarter_or_month_without_a_year_is_left_open(text):
    span, _ = take_span(text, today=TODAY)

    assert span.loose
    assert span.start is None


def test_the_turn_of_the_year_is_crossed():
    span, _ = take_span("sales last quarter", today=date(2026, 2, 1))
    month, _ = take_span("sales last month", today=date(2026, 1, 15))

    assert span.label == "Q4 2025"
    assert month.start == date(2025, 12, 1)


@pytest.mark.parametrize(
    "text", ["sales where amount is over 2000", "platform 2600", "sales in japan", "code 20041"]
)
def test_other_numbers_and_names_are_no_time(text):
    assert take_span(text, today=TODAY) == (None, text)
