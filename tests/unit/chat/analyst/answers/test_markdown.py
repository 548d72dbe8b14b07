"""Data is shown as it is, and does nothing."""

import pytest

from overset.chat.analyst.answers.markdown import code, figure, quiet, table


@pytest.mark.parametrize(
    "value",
    ["[a](/x)", "<b>x</b>", "![x](y)", "`code`", "*bold*", "_it_", "a|b", "# x"],
)
def test_no_value_is_markdown(value):
    shown = quiet(value)

    assert "](" not in shown.replace("\\]", "")
    assert shown != value


@pytest.mark.parametrize("value", ["https://evil.example", "www.evil.example", "a@evil.example"])
def test_an_address_is_no_link(value):
    assert quiet(value) == f"`{value}`"


def test_a_name_is_not_spoiled():
    assert quiet("product_line") == "product_line"
    assert quiet("East Asia & Pacific") == "East Asia & Pacific"
    assert code("a`b\nc") == "`a'b c`"


def test_a_value_is_on_one_line_and_short():
    assert "\n" not in quiet("a\n\n# b")
    assert len(quiet("x" * 500)) < 130


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234567.891, "1,234,567.89"), (3, "3"), (None, "(none)"), ("12.5", "12.50"), ("x", "x")],
)
def test_figures_have_their_thousands_apart(value, shown):
    assert figure(value) == shown


def test_a_table_has_its_figures_to_the_right():
    assert table(["a", "b"], [["x", "1"]], figures=1) == "| a | b |\n| --- | ---: |\n| x | 1 |"
