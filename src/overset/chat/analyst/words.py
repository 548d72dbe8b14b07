"""Words as the analyst compares them: lower case, singular, without what names are joined with."""

import re

_JOINTS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_SHORTEST_PLURAL = 4
_KEPT_ENDINGS = ("ss", "us", "is")
_HISSING = ("sses", "xes", "ches", "shes", "zzes")


def split_words(name: str) -> tuple[str, ...]:
    """Return the words of a name or phrase: `OrderDates` and `order_date` have the same."""
    return tuple(_singular(word.lower()) for word in _JOINTS.split(name) if word)


def _singular(word: str) -> str:
    if len(word) < _SHORTEST_PLURAL or word.endswith(_KEPT_ENDINGS):
        return word
    if word.endswith(_HISSING):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("ie"):
        return word[:-2] + "y"  # as its plural is read: "movie" and "movies" meet
    return word.removesuffix("s")
