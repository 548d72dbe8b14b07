"""Which dataset a question is about; several that fit about equally are asked about."""

from collections.abc import Iterable, Sequence

from overset.chat.analyst.datasets.description import Column, Dataset, Kind, Metric, read_dataset
from overset.chat.analyst.matching import CLEAR, choose, likeness, score
from overset.chat.analyst.outcomes import Outcome
from overset.chat.analyst.questions.model import Aggregate, Grain, Question
from overset.chat.analyst.steps import (
    Desk,
    EndingError,
    FailedError,
    NotSureError,
    Script,
    data_of,
    need,
    request,
)
from overset.chat.analyst.understanding.listing import (
    Listed,
    Listing,
    list_datasets,
    names_in,
    names_one,
)
from overset.chat.analyst.understanding.wide import describe_wide
from overset.chat.analyst.words import split_words

_MOST_DESCRIBED = 6
_SLOT = "dataset"
_PLAIN = frozenset({"cleaned", "data", "dataset", "table", "view", "raw", "new", "v"})
_GRAINS = frozenset(grain.value for grain in Grain)


def describe(desk: Desk, listed: Listed) -> Script[Dataset]:
    """Return the description of a dataset.

    Raises:
        FailedError: the tool failed.
    """
    described, failed = yield from describe_all(desk, (listed,))
    if described:
        return described[0]
    try:
        return (yield from describe_wide(desk, listed.id, listed.table))
    except EndingError as error:
        raise FailedError(f"{failed[listed].said}\n\n{error.said}") from error


def describe_all(
    desk: Desk, listed: Sequence[Listed]
) -> Script[tuple[tuple[Dataset, ...], dict[Listed, FailedError]]]:
    """Return the descriptions of some datasets, asked for all at once, and those without one.

    Raises:
        CannotError: the tool is not available.
    """
    need(desk, "get_dataset_info")
    outcomes = yield tuple(request("get_dataset_info", identifier=one.id) for one in listed)
    found: list[Dataset] = []
    failed: dict[Listed, FailedError] = {}
    for one, outcome in zip(listed, outcomes, strict=True):
        try:
            found.append(_read(outcome))
        except FailedError as error:
            failed[one] = error
    return tuple(found), failed


def _read(outcome: Outcome) -> Dataset:
    try:
        return read_dataset(data_of(outcome, "get_dataset_info"))
    except ValueError as error:
        raise FailedError(f"The tool `get_dataset_info` failed: {error}.") from error


def find_named(phrase: str, listing: Listing) -> Listed | None:
    """Return the dataset that a phrase names, or None where it names none.

    Raises:
        NotSureError: it could be several, or one that is not listed.
    """
    choice = choose(phrase, listing.datasets, names=lambda one: (one.name, _bare(one.name)))
    best = choice.best
    if best is None and choice.score >= CLEAR:
        raise _which(choice.candidates, f"“{phrase}” could be several datasets.", phrase)
    if best is not None and not listing.is_whole and split_words(best.name) != split_words(phrase):
        raise _which((best,), f"I found no dataset “{phrase}”.{listing.told}", phrase)
    return best


def find_dataset(desk: Desk, question: Question) -> Script[Dataset]:
    """Return the dataset of a question.

    Raises:
        CannotError: there is none to ask.
        FailedError: a tool failed.
        NotSureError: it could be several, or none.
    """
    listing = yield from list_datasets(desk, *names_in(question))
    listed = listing.datasets
    named = _settled(question, listing)
    if named is None and names_one(question):
        named = find_named(question.dataset, listing)
        if named is None:
            told = f"I found no dataset like “{question.dataset}”.{listing.told}"
            raise _which(_near(question.dataset, listed), told, "")
    named = named or _on_page(desk, listing)
    if named is None and len(listed) == 1 and not listing.is_cut:
        named = listed[0]
    if named is not None:
        return (yield from describe(desk, named))
    return (yield from _fitting(desk, question, listing))


def _fitting(desk: Desk, question: Question, listing: Listing) -> Script[Dataset]:
    listed = listing.datasets
    near = sorted(listed, key=lambda one: -_affinity(one.name, question))
    if len(near) > _MOST_DESCRIBED:
        near = [one for one in near if _affinity(one.name, question)]
        if not near:
            told = "There are many datasets, and your question names none."
            raise _which(listed, told + listing.told, "")
    if not listing.is_whole:
        told = f"I may not have seen the one that you mean.{listing.told}"
        raise _which(near, f"{told} Please say “in the ... dataset”.", "")
    near = near[:_MOST_DESCRIBED]
    described, failed = yield from describe_all(desk, near)
    if failed and not any(_knows_all(one, question) for one in described):
        # Perhaps it is one that was not described: its columns are read in another way.
        others = yield from _describe_others(desk, failed)
        described += others
        if len(others) < len(failed) and not any(_knows_all(one, question) for one in described):
            raise _which(near, "I could not look into each of your datasets.", "")
    ranked = sorted(((_fit(one, question), one) for one in described), key=lambda pair: -pair[0])
    best = [one for points, one in ranked if points == ranked[0][0]]
    if ranked[0][0] > 0 and len(best) == 1:
        return best[0]
    if len(best) > 1 and ranked[0][0] > 0:
        told = "Several datasets could answer that."
    else:
        told = "I found nothing in your datasets that fits."
    raise _which([Listed(one.id, one.name, one.name) for one in best] or listed, told, "")


def _describe_others(desk: Desk, listed: Iterable[Listed]) -> Script[tuple[Dataset, ...]]:
    """Return those of some datasets whose columns can be read in the catalog."""
    found: list[Dataset] = []
    for one in listed:
        try:
            found.append((yield from describe_wide(desk, one.id, one.table)))
        except EndingError:
            continue
    return tuple(found)


def _knows_all(dataset: Dataset, question: Question) -> bool:
    """Say whether a dataset knows every figure and every group of a question."""
    figures = all(_measures(dataset, question, phrase) for phrase in question.measures)
    return figures and all(_knows(dataset, phrase) for phrase in question.groups)


def _measures(dataset: Dataset, question: Question, phrase: str) -> bool:
    counts = question.aggregate in {Aggregate.COUNT, Aggregate.COUNT_DISTINCT}
    figures: tuple[Column | Metric, ...] = (*dataset.figures, *dataset.metrics)
    names = dataset.columns if counts else figures
    return max((score(phrase, n) for one in names for n in one.names if n), default=0) >= CLEAR


def _fit(dataset: Dataset, question: Question) -> float:
    """Return how much of a question a dataset knows: its name first, then each phrase."""
    points = 0.0
    points += sum(_measures(dataset, question, phrase) for phrase in question.measures)
    for phrase in question.groups:
        points += _knows(dataset, phrase)
    for condition in question.conditions:
        points += any(
            len(split_words(column.name)) and column.name.lower() in condition.phrase
            for column in dataset.columns
        )
    points += 2 * _affinity(dataset.name, question)
    return points


def _knows(dataset: Dataset, phrase: str) -> bool:
    if phrase in _GRAINS:
        return bool(dataset.times())
    columns = [c for c in dataset.columns if c.kind is not Kind.OTHER]
    return max((score(phrase, n) for c in columns for n in c.names if n), default=0) >= CLEAR


def _affinity(name: str, question: Question) -> float:
    """Return from 0 to 1 how much of a dataset's name the question says."""
    said = split_words(question.text)
    named = [word for word in split_words(name) if word not in _PLAIN]
    if not named:
        return 0.0
    return sum(any(likeness(word, one) for one in said) for word in named) / len(named)


def _near(phrase: str, listed: Sequence[Listed]) -> Sequence[Listed]:
    return choose(phrase, listed, names=lambda one: (one.name,)).candidates or listed


def _bare(name: str) -> str:
    return " ".join(word for word in split_words(name) if word not in _PLAIN)


def _settled(question: Question, listing: Listing) -> Listed | None:
    said = question.settled_for(_SLOT, "")
    named = said or question.settled_for(_SLOT, question.dataset)
    found = next((one for one in listing.datasets if named in {one.name, str(one.id)}), None)
    if found is None and listing.is_cut and named and named.isdecimal():
        return Listed(int(named), f"dataset {named}")
    return found


def _on_page(desk: Desk, listing: Listing) -> Listed | None:
    page = desk.page
    if page is None or page.kind != "dataset" or page.id is None:
        return None
    found = next((one for one in listing.datasets if one.id == page.id), None)
    if found is None and listing.is_cut:
        return Listed(page.id, page.title or "", page.title or "")
    return found


def _which(found: Sequence[Listed], told: str, phrase: str) -> NotSureError:
    names = tuple(one.name for one in found)
    return NotSureError(
        f"{told} Which one do you mean?", slot=_SLOT, phrase=phrase, candidates=names
    )
