"""What the REST API reads and says about clients."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from overset.manager.oauth.clients.metadata import ClientMetadata
from overset.rest.http import Text

_Texts = Annotated[list[Text], Field(max_length=10)]


class ClientCreate(BaseModel):
    """A client to make."""

    name: Text = Field(description="What people are asked to allow.")
    redirect_uris: Annotated[list[Text], Field(min_length=1, max_length=10)] = Field(
        description="Where codes may be sent: https, http on loopback, or a private scheme.",
        examples=[["https://app.example.com/callback"]],
    )
    post_logout_redirect_uris: _Texts = Field(
        default_factory=list, description="Where a browser may be sent after sign-out."
    )
    confidential: bool = Field(
        default=False, description="Whether it gets a secret: for servers, which can keep one."
    )


class ClientView(BaseModel):
    """A client; `metadata` is as in RFC 7591 section 2."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    is_confidential: bool
    metadata: ClientMetadata
    created_at: datetime


class ClientCreated(BaseModel):
    """A new client, its secret shown this once."""

    client: ClientView
    secret: str | None = Field(description="Kept only as a hash; null unless confidential.")
