"""Texts of members: what is refused, and the title that a message makes."""

import pytest

from overset.chat.threads.text import MOST_CHARACTERS, find_fault, make_key, make_title


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("x" * 20_001, "20,001"),
        ("a\x00b", "NUL"),
        ("\ud800", "surrogate"),
        ("half \udfff", "surrogate"),
    ],
)
def test_what_cannot_be_kept_is_named(text: str, says: str):
    assert says in str(find_fault(text, most=MOST_CHARACTERS))


@pytest.mark.parametrize("text", ["x", "x" * 20_000, "🧑‍🚀\u202e", "\x07 bell", "a\nb"])
def test_what_can_be_kept_has_no_fault(text: str):
    assert find_fault(text, most=MOST_CHARACTERS) is None


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("Show sales", "Show sales"),
        ("\n\n  Show \t sales \nby region", "Show sales"),
        ("x" * 100, "x" * 60 + "…"),
        ("word " * 30, ("word " * 12).strip() + "…"),
        ("a\x07b\u202ec", "a b c"),
        ("\u200b", ""),
        ("🧑\u200d🚀 go", "🧑\u200d🚀 go"),
    ],
)
def test_a_title_is_the_first_line_cut_between_words(message: str, title: str):
    assert make_title(message) == title


def test_the_search_does_not_see_case_or_width():
    assert make_key("ＭÄＲＺ Straße") == make_key("märz STRASSE")
