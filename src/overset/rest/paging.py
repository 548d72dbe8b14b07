"""Lists in pages: each page names where the next one begins."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import literal, tuple_
from sqlalchemy.engine import Connection

from overset.kernel.columns import UTCDateTime
from overset.kernel.errors import InvalidRequest

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list; `next` is the cursor of the page after, None on the last."""

    items: list[T]
    next: str | None


def all_items(page: Callable[..., Page[T]], **filters: Any) -> Iterator[T]:
    """Yield every item of a list, page by page."""
    cursor: str | None = None
    while True:
        found = page(limit=MAX_LIMIT, cursor=cursor, **filters)
        yield from found.items
        if (cursor := found.next) is None:
            return


def fetch_page(  # noqa: PLR0913  # all but two are named at the call
    connection: Connection,
    query: Any,
    *,
    by: Sequence[Any],
    make: Callable[[Mapping[str, Any]], T],
    limit: int,
    cursor: str | None,
    newest_first: bool = False,
) -> Page[T]:
    """Return one page of `query`.

    Args:
        connection: where to ask.
        query: a select whose columns include those of `by`.
        by: columns that order the list and together tell rows apart; strings or times.
        make: turns a row into an item.
        limit: the most items that are returned.
        cursor: where to go on, from the page before.
        newest_first: turn the order around.

    Raises:
        InvalidRequest: `cursor_invalid`, the cursor is not one of ours.
    """
    if cursor is not None:
        last = tuple_(*_read_cursor(cursor, by))
        query = query.where(tuple_(*by) < last if newest_first else tuple_(*by) > last)
    order = [column.desc() for column in by] if newest_first else by
    rows = connection.execute(query.order_by(*order).limit(limit + 1)).mappings().all()
    more = len(rows) > limit
    return Page(
        items=[make(row) for row in rows[:limit]],
        next=_write_cursor([rows[limit - 1][column] for column in by]) if more else None,
    )


def _write_cursor(values: Sequence[object]) -> str:
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).rstrip(b"=").decode()


def _read_cursor(cursor: str, columns: Sequence[Any]) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_read(value, column) for value, column in zip(values, columns, strict=True)]
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise InvalidRequest(
            "cursor_invalid", "Send as `cursor` what the page before said in `next`."
        ) from None


def _read(value: object, column: Any) -> Any:
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError
    is_time = isinstance(column.type, UTCDateTime)
    return literal(datetime.fromisoformat(value) if is_time else value, column.type)
