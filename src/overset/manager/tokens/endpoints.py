"""REST: tokens."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from overset.auth.scopes import parse_scopes
from overset.manager.tokens.model import Token
from overset.manager.tokens.schema import TokenIssue, TokenIssued
from overset.manager.tokens.service import TokenService
from overset.rest.http import Locator, PageOf, Paging, problems, served
from overset.rest.paging import Page

router = APIRouter(prefix="/tokens", tags=["tokens"])

Tokens = Annotated[TokenService, Depends(served(TokenService))]


@router.get("", response_model=PageOf[Token], responses=problems(400))
def list_tokens(
    tokens: Tokens,
    paging: Paging,
    user_id: Annotated[Locator | None, Query(description="Only this user's.")] = None,
) -> Page[Token]:
    """List tokens, newest first; the tokens themselves are kept nowhere."""
    return tokens.page(user_id=user_id, limit=paging.limit, cursor=paging.cursor)


@router.post("", status_code=201, responses=problems(400, 404))
def issue_token(tokens: Tokens, body: TokenIssue, response: Response) -> TokenIssued:
    """Issue a token for workspaces, or for this API."""
    # RFC 6749 section 5.1: what carries a token is not cached.
    response.headers["Cache-Control"] = "no-store"
    issued = tokens.issue(
        body.user_id,
        workspaces=body.workspaces,
        ttl=timedelta(seconds=body.ttl_seconds),
        scopes=parse_scopes(body.scope) if body.scope else None,
        client_id=body.client_id,
    )
    return TokenIssued(value=issued.value, token=issued.token)


@router.get("/{token_id}", responses=problems(404))
def get_token(tokens: Tokens, token_id: Locator) -> Token:
    """Return the record of one token."""
    return tokens.get(token_id)


@router.delete("/{token_id}", responses=problems(404))
def revoke_token(tokens: Tokens, token_id: Locator) -> Token:
    """Make a token worthless within a second."""
    return tokens.revoke(token_id)
