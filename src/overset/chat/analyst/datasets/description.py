"""A dataset as `get_dataset_info` describes it: which columns are numbers, words, time."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from overset.chat.analyst.words import split_words

_NUMBER = re.compile(r"INT|NUM|DEC|FLOAT|DOUBLE|REAL|MONEY|SERIAL|LONG")
_TIME = re.compile(r"DATE|TIME")
_TEXT = re.compile(r"CHAR|TEXT|STRING|CLOB|ENUM|UUID|OBJECT")
_FLAG = re.compile(r"BOOL|^BIT$")
_NO_SUM = frozenset(
    {
        "age", "average", "avg", "grade", "index", "latitude", "longitude", "mean", "msrp", "pct",
        "percent", "percentage", "price", "rank", "rate", "ratio", "score", "share",
        "temperature", "zs",
    }
)  # fmt: skip
_NO_FIGURE = frozenset({"code", "id", "key", "number", "phone", "pk", "postal", "uuid", "zip"})
_NO_GROUP = _NO_FIGURE | frozenset(
    {
        "address", "comment", "description", "email", "first", "last", "line1", "line2", "note",
        "url",
    }
)  # fmt: skip
_PROSE = "Field 'description' truncated"


class Kind(StrEnum):
    """What the values of a column are; a `YEAR` is a number like 2004."""

    FLAG = "flag"
    NUMBER = "number"
    OTHER = "other"
    TEXT = "text"
    TIME = "time"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a dataset."""

    name: str
    title: str | None
    kind: Kind

    @property
    def names(self) -> tuple[str | None, ...]:
        """What members may call it."""
        return (self.name, self.title)

    @property
    def adds_up(self) -> bool:
        """Whether the sum of its values means something."""
        return not _NO_SUM.intersection(split_words(self.name))

    @property
    def is_figure(self) -> bool:
        """Whether its numbers measure something, and do not number things."""
        return self.kind is Kind.NUMBER and not _NO_FIGURE.intersection(split_words(self.name))

    @property
    def sorts_things(self) -> bool:
        """Whether it may hold few values that things are sorted by."""
        return self.kind is Kind.TEXT and not _NO_GROUP.intersection(split_words(self.name))


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that is saved with a dataset."""

    name: str
    title: str | None
    expression: str

    @property
    def names(self) -> tuple[str | None, ...]:
        """What members may call it."""
        return (self.name, self.title)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset: where its rows are, and what is in them."""

    id: int
    name: str
    schema: str | None
    database: str | None
    database_id: int | None
    sql: str | None
    main_time: str | None
    description: str | None
    columns: tuple[Column, ...]
    metrics: tuple[Metric, ...]

    def of_kind(self, *kinds: Kind) -> tuple[Column, ...]:
        """Return the columns of some kinds, in the dataset's order."""
        return tuple(column for column in self.columns if column.kind in kinds)

    def find(self, name: str) -> Column | None:
        """Return a column by its exact name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def figures(self) -> tuple[Column, ...]:
        """Return the columns that can be added up, averaged and compared."""
        return tuple(column for column in self.columns if column.is_figure)

    def times(self) -> tuple[Column, ...]:
        """Return the columns that time can be read from: the main one alone, where there is one."""
        found = self.of_kind(Kind.TIME) or self.of_kind(Kind.YEAR)
        main = tuple(c for c in self.of_kind(Kind.TIME, Kind.YEAR) if c.name == self.main_time)
        return main or found


def _is_cut(told: Mapping[str, Any]) -> bool:
    # Superset notes what it shortened; the columns are whole where that is the description alone.
    notes = told.get("_truncation_notes")
    is_harmless = isinstance(notes, list) and all(str(one).startswith(_PROSE) for one in notes)
    return bool(told.get("_response_truncated")) and not (notes and is_harmless)


def read_dataset(told: Any) -> Dataset:
    """Return the dataset that a tool described.

    Raises:
        ValueError: it is no description of a dataset, or not a whole one.
    """
    if isinstance(told, Mapping) and _is_cut(told):
        raise ValueError("it is cut off")
    if not (isinstance(told, Mapping) and isinstance(told.get("id"), int)):
        raise ValueError(  # noqa: TRY004 - what is told is wrong, not what calls
            "this is not a description of a dataset"
        )
    return Dataset(
        id=told["id"],
        name=str(told.get("table_name") or f"dataset {told['id']}"),
        schema=told.get("schema"),
        database=told.get("database_name"),
        database_id=told.get("database_id"),
        sql=told.get("sql"),
        main_time=told.get("main_dttm_col"),
        description=told.get("description"),
        columns=tuple(_column(one) for one in told.get("columns") or () if one.get("column_name")),
        metrics=tuple(
            Metric(one["metric_name"], one.get("verbose_name"), one.get("expression") or "")
            for one in told.get("metrics") or ()
            if one.get("metric_name")
        ),
    )


def read_columns(told: Iterable[tuple[str, str, str | None]]) -> tuple[Column, ...]:
    """Return columns of which only the name, the type and the main date column are known."""
    return tuple(
        Column(name, None, _kind(name, type_.upper(), is_time=name == main))
        for name, type_, main in told
    )


def _column(told: Mapping[str, Any]) -> Column:
    name = str(told["column_name"])
    kind = _kind(name, str(told.get("type") or "").upper(), is_time=bool(told.get("is_dttm")))
    return Column(name, told.get("verbose_name"), kind)


def _kind(name: str, type_: str, *, is_time: bool) -> Kind:
    if _NUMBER.search(type_) and not _TIME.search(type_):
        words = split_words(name)
        return Kind.YEAR if words == ("year",) or (is_time and "year" in words) else Kind.NUMBER
    if is_time or _TIME.search(type_):
        return Kind.TIME
    if _FLAG.search(type_):
        return Kind.FLAG
    return Kind.TEXT if _TEXT.search(type_) else Kind.OTHER
