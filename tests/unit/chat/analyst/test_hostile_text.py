"""No message holds the process up: what is read is short, and how it is read takes no long time."""

import subprocess
import sys
from datetime import date

import pytest

from overset.chat.analyst.questions.grammar import LONGEST, parse
from overset.chat.analyst.questions.model import Intent
from support.played_tools import Played

TODAY = date(2026, 5, 4)
HOSTILE = [
    "," * 19_999 + "x",
    " ,?" * 9_999 + "x",
    "thank you" * 3_000 + "x",
    "list datasets" + " are there" * 98 + " x",
    "list datasets" + " can i use" * 98 + " x",
    "sales by city where " + "abcd " * 190,
    "sales by city in " + "some long colum " * 60,
]
READ = """
import sys
from datetime import date
from overset.chat.analyst.questions.grammar import parse
for line in sys.stdin:
    parse(line, today=date(2026, 5, 4))
"""


def test_hostile_text_is_parsed_at_once():
    # In a process of its own: an expression that runs wild cannot be stopped from inside.
    subprocess.run(
        [sys.executable, "-c", READ], input="\n".join(HOSTILE), text=True, check=True, timeout=20
    )


@pytest.mark.timeout(20)
def test_many_words_over_many_columns_are_looked_up_at_once():
    played = Played()
    names = {f"some_long_name_column_{n}": "REAL" if n % 2 else "TEXT" for n in range(150)}
    played.make("orders", {"city": "TEXT", "sales": "REAL", **names})

    for text in HOSTILE[-2:]:
        assert "I found no value" in played.say(text[:LONGEST])


def test_a_message_that_is_too_long_is_not_read():
    assert parse("sales by city " + "," * LONGEST, today=TODAY).intent is Intent.UNCLEAR
    assert parse("sales  by city " + " " * LONGEST, today=TODAY).intent is Intent.FIGURES


@pytest.mark.parametrize(
    "text",
    [
        "sales by city, please?",
        "Sales by city please!!",
        "hello, can you please sales by city thank you.",
        "sales by city, thanks",
        "sales by city ?!.,;:",
    ],
)
def test_courtesies_at_the_ends_are_no_part_of_a_question(text):
    assert parse(text, today=TODAY).text == "sales by city"


@pytest.mark.parametrize(
    "text",
    ["list datasets", "what datasets are there?", "which tables can I use", "show all charts here"],
)
def test_lists_are_asked_for_in_many_ways(text):
    assert parse(text, today=TODAY).intent is Intent.LIST
