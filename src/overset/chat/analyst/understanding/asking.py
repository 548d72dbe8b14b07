"""How the analyst asks back: a sentence, and the names to choose from."""

from collections.abc import Sequence

from overset.chat.analyst.steps import NotSureError

SHOWN = 8
"""Candidates that are told."""

ROWS = "rows"
"""The measure that counts rows, as a candidate."""


def which(told: str, *, slot: str, phrase: str, names: Sequence[str]) -> NotSureError:
    """Return the question which of some names a phrase means in a slot."""
    candidates = tuple(dict.fromkeys(names))
    return NotSureError(told, slot=slot, phrase=phrase, candidates=candidates)
