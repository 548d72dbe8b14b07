"""The datasets that there are, by name: of many the first, and those that a question may name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overset.chat.analyst.questions.model import Question
from overset.chat.analyst.steps import (
    Call,
    CannotError,
    Desk,
    FailedError,
    Script,
    ask,
    data_of,
    request,
)
from overset.chat.analyst.words import split_words

_TOOL = "list_datasets"
_MOST = 100  # that Superset's tool tells at once
_MOST_SEARCHED = 8
_HERE = frozenset({"a", "current", "my", "our", "same", "that", "the", "this"})
_SMALL = frozenset(
    {
        "a", "all", "an", "and", "are", "as", "at", "average", "bottom", "by", "can", "count",
        "did", "do", "each", "for", "from", "give", "has", "have", "how", "i", "in", "is", "many",
        "me", "most", "much", "of", "on", "only", "or", "over", "per", "show", "since", "sum",
        "than", "that", "the", "there", "this", "to", "top", "total", "wa", "was", "we", "were",
        "what", "when", "where", "which", "with", "you",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """A dataset of the list, of which only the name is known."""

    id: int
    name: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """Datasets of a workspace, of `total`; `is_whole` unless one that was named may be missing."""

    datasets: tuple[Listed, ...]
    total: int
    is_whole: bool

    @property
    def is_cut(self) -> bool:
        """Whether there are datasets that are not listed."""
        return self.total > len(self.datasets)

    @property
    def told(self) -> str:
        """What is said of it where a dataset was not found."""
        if not self.is_cut:
            return ""
        return f" There are {self.total} datasets, and I looked at {len(self.datasets)} of them."


def list_datasets(desk: Desk, *names: str) -> Script[Listing]:
    """Return the datasets that the member may see; of many the first, and those with some names.

    Raises:
        CannotError: there is none.
        FailedError: the tool failed.
    """
    rows, total = _read((yield from ask(desk, _TOOL, page=1, page_size=_MOST)))
    is_whole = total <= len(rows)
    if not is_whole and names:
        outcomes = yield tuple(_search(name) for name in names[:_MOST_SEARCHED])
        found = [_read(data_of(outcome, _TOOL)) for outcome in outcomes]
        is_whole = len(names) <= _MOST_SEARCHED and all(n <= len(few) for few, n in found)
        rows += [row for few, _ in found for row in few]
    datasets = _named({row["id"]: str(row["table_name"]) for row in rows if _is_row(row)})
    if not datasets:
        raise CannotError("There is no dataset here that you may see.")
    return Listing(datasets, max(total, len(datasets)), is_whole)


def names_one(question: Question) -> bool:
    """Say whether a question names its dataset, rather than the one on screen."""
    return question.dataset not in {"", *_HERE}


def names_in(question: Question) -> tuple[str, ...]:
    """Return what a question may call its dataset: its name, or else each word that it says."""
    if names_one(question):
        return (question.dataset,)
    words = dict.fromkeys(split_words(question.text))
    return tuple(word for word in words if word not in _SMALL)


def _search(name: str) -> Call:
    # A plural in "y" is not in its singular; what joins the words may be anything.
    stems = [word.removesuffix("y") or word for word in split_words(name)]
    like = {"col": "table_name", "opr": "ilike", "value": "%".join(stems)}
    return request(_TOOL, filters=[like], page=1, page_size=_MOST)


def _read(told: Any) -> tuple[list[Any], int]:
    rows = told.get("datasets") if isinstance(told, Mapping) else None
    if not isinstance(rows, list):
        raise FailedError(f"The tool `{_TOOL}` failed: its answer could not be read.")
    total = told.get("total_count")
    return [*rows], total if isinstance(total, int) else len(rows)


def _named(tables: Mapping[int, str]) -> tuple[Listed, ...]:
    """Return datasets by name; of several with one name each has its number."""
    many = Counter(tables.values())
    found = [
        Listed(number, name if many[name] == 1 else f"{name} #{number}", name)
        for number, name in tables.items()
        if name
    ]
    return tuple(sorted(found, key=lambda one: (one.name.lower(), one.id)))


def _is_row(row: Any) -> bool:
    return isinstance(row, Mapping) and isinstance(row.get("id"), int) and "table_name" in row
