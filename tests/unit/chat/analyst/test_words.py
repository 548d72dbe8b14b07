"""Words of names and phrases meet, whatever joins them and however many there are."""

import pytest

from overset.chat.analyst.words import split_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("product_line", "Product Lines"),
        ("OrderDate", "order-dates"),
        ("country", "countries"),
        ("movie", "movies"),
        ("box", "boxes"),
        ("SP_POP_TOTL", "sp pop totl"),
        ("day2", "days 2".replace("s ", "")),
    ],
)
def test_two_writings_have_the_same_words(one, other):
    assert split_words(one) == split_words(other)


@pytest.mark.parametrize(
    ("one", "other"), [("status", "statu"), ("class", "clas"), ("bus", "bu"), ("gas", "ga")]
)
def test_not_every_s_makes_a_plural(one, other):
    assert split_words(one) != split_words(other)
