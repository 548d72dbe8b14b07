"""What the REST API reads and says about tokens."""

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from overset.manager.keys.service import MAX_TOKEN_TTL
from overset.manager.tokens.model import Token
from overset.manager.tokens.service import DEFAULT_TTL
from overset.rest.http import Text

_MAX_WORKSPACES = 50


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())


class TokenIssue(BaseModel):
    """A token to issue."""

    user_id: Text = Field(description="Whom the token speaks for.")
    workspaces: Annotated[list[Text], Field(max_length=_MAX_WORKSPACES)] = Field(
        default_factory=list, description="Slugs or ids; none means a token for this API."
    )
    ttl_seconds: int = Field(default=_seconds(DEFAULT_TTL), ge=1, le=_seconds(MAX_TOKEN_TTL))
    scope: Text | None = Field(
        default=None, description="Separated by spaces; by default all that the audience knows."
    )
    client_id: Text = Field(default="overset-api", description="The program that it is for.")


class TokenIssued(BaseModel):
    """A new token, shown this once."""

    value: str = Field(description="The token itself, which is kept nowhere.")
    token: Token
