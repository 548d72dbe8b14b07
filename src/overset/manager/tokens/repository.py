"""What is asked about tokens."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from overset.kernel.ids import TokenId, UserId
from overset.manager.tables import tokens
from overset.manager.tokens.model import Token
from overset.rest.paging import Page, fetch_page


def find_token(connection: Connection, token_id: str) -> Token | None:
    """Return the record of a token, or None."""
    row = connection.execute(select(tokens).where(tokens.c.id == token_id)).mappings().first()
    return _make(row) if row else None


def page_tokens(
    connection: Connection, *, user_id: str | None, limit: int, cursor: str | None
) -> Page[Token]:
    """Return tokens, newest first, of one user or of all."""
    query = select(tokens)
    if user_id is not None:
        query = query.where(tokens.c.user_id == user_id)
    return fetch_page(
        connection,
        query,
        by=[tokens.c.issued_at, tokens.c.id],
        make=_make,
        limit=limit,
        cursor=cursor,
        newest_first=True,
    )


def _make(row: Any) -> Token:
    values = {name: row[name] for name in Token.__dataclass_fields__}
    return Token(**{**values, "id": TokenId(row["id"]), "user_id": UserId(row["user_id"])})
