"""Texts of members: what can be kept, how it is searched, and the title that it makes."""

import unicodedata
from typing import Any

from sqlalchemy import and_, or_, select

from overset.chat.threads.tables import said, threads

MOST_CHARACTERS = 20_000
MOST_TITLE = 200
MOST_SEARCH = 200

_TITLE = 60
_WORDS = 10
_JOINERS = "\u200c\u200d"  # no marks of their own, but parts of words and emoji


def find_fault(text: str, *, most: int) -> str | None:
    """Return what keeps a trimmed text from being one of 1 to `most` characters, or None."""
    if not text:
        return "Write something: this is empty."
    if len(text) > most:
        return f"Write at most {most:,} characters; these are {len(text):,}."
    if "\x00" in text:
        return "Leave out the NUL character: it cannot be kept."
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "Send valid Unicode: half of a character (a lone surrogate) cannot be kept."
    return None


def make_key(text: str) -> str:
    """Return a text as it is searched: without case, and with one form for each character."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def make_title(message: str) -> str:
    """Return the title that a first message makes: its first line, cut between words."""
    line = next((one for one in message.splitlines() if one.strip()), "").strip()
    line = " ".join("".join(one if _is_shown(one) else " " for one in line).split())
    if len(line) <= _TITLE:
        return line
    whole = line[:_TITLE].rpartition(" ")[0]
    return (whole or line[:_TITLE]) + "…"


def _is_shown(character: str) -> bool:
    return character.isprintable() or character in _JOINERS


def matches(search: str) -> Any:
    """Return the condition that each word is in a thread's title, or in what was written there."""
    return and_(*(_matches_word(word) for word in make_key(search).split()[:_WORDS]))


def _matches_word(word: str) -> Any:
    written = select(said.c.id).where(
        said.c.thread_id == threads.c.id, said.c.text_key.contains(word, autoescape=True)
    )
    return or_(threads.c.title_key.contains(word, autoescape=True), written.exists())
