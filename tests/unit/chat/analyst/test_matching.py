"""A phrase means a name clearly, or several about equally, or none; only the first is taken."""

import pytest

from overset.chat.analyst.matching import CLEAR, choose, score

SALES = [
    "order_date", "price_each", "sales", "address_line1", "order_line_number", "quantity_ordered",
    "order_number", "customer_name", "deal_size", "product_code", "product_line", "state",
    "status", "country", "territory",
]  # fmt: skip
GAMES = ["na_sales", "eu_sales", "global_sales", "jp_sales", "rank", "name", "platform"]


def pick(phrase, names):
    return choose(phrase, names, names=lambda name: (name,))


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("sales", "sales"),
        ("product lines", "product_line"),
        ("productline", "product_line"),
        ("prodct line", "product_line"),
        ("customers", "customer_name"),
        ("deal", "deal_size"),
        ("quantity", "quantity_ordered"),
        ("Quantity Ordered", "quantity_ordered"),
        ("states", "state"),
        ("countries", "country"),
    ],
)
def test_a_clear_name_is_taken(phrase, name):
    choice = pick(phrase, SALES)

    assert choice.best == name
    assert choice.score >= CLEAR


@pytest.mark.parametrize(
    ("phrase", "names", "candidates"),
    [
        ("product", SALES, {"product_code", "product_line"}),
        ("sales", GAMES, {"na_sales", "eu_sales", "global_sales", "jp_sales"}),
        ("order", SALES, {"order_date", "order_number"}),
    ],
)
def test_names_that_fit_about_equally_are_candidates_and_none_is_taken(phrase, names, candidates):
    choice = pick(phrase, names)

    assert choice.best is None
    assert set(choice.candidates) >= candidates


@pytest.mark.parametrize("phrase", ["revenue", "weather", "profit", "x", "", "the moon"])
def test_what_fits_no_name_takes_none(phrase):
    choice = pick(phrase, SALES)

    assert choice.best is None
    assert choice.score < CLEAR


def test_words_that_are_left_over_are_no_fit():
    assert score("vintage car sales", "sales") < CLEAR
    assert score("sales", "na_sales") >= CLEAR


def test_short_words_are_the_same_or_not():
    assert score("eu", "na") < CLEAR
    assert pick("rang", ["rank", "name"]).best is None


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("orders_2024", "orders_2023"),
        ("20240101", "20240102"),
        ("sales 5", "sales"),
        ("active", "inactive"),
        ("is active", "is_inactive"),
        ("paid", "unpaid"),
        ("amount paid", "amount_unpaid"),
        ("unpaid amount", "paid_amount"),
        ("userspaid", "users_unpaid"),
        ("negative", "nonnegative"),
        ("allowed", "disallowed"),
        ("import", "export"),
        ("sales eu", "sales_us"),
        ("sale account", "sales_amount"),
        ("quality", "quantity"),
    ],
)
def test_what_is_merely_spelled_alike_is_a_candidate_and_is_not_taken(phrase, name):
    choice = pick(phrase, [name, "zzz"])

    assert choice.best is None
    assert choice.score < CLEAR
    assert choice.candidates == (name,)


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("reveneu", "revenue"),
        ("produt line", "product_line"),
        ("productlin", "product_line"),
        ("gerne", "genre"),
        ("ragion", "region"),
        ("deal siz", "deal_size"),
        ("diagnoses", "diagnosis"),
        ("quantity order", "quantity_ordered"),
        ("ordrs 2024", "orders_2024"),
    ],
)
def test_slips_of_the_hand_and_endings_still_fit(phrase, name):
    assert pick(phrase, [name, "zzz"]).best == name
