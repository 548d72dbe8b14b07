"""The settings of sign-in and of OAuth; `settings.py` reads them with all others."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from overset.kernel.federation_settings import FederationSettings


class IdentitySettings(FederationSettings):
    """What can be set about people, clients and their tokens."""

    session_hours: float = Field(
        default=12, gt=0, le=24 * 30, description="A browser's sign-in ends after so long unused."
    )
    access_token_seconds: int = Field(
        default=900, ge=60, le=3600, description="How long an access token from `/token` lives."
    )
    refresh_token_days: float = Field(
        default=30, gt=0, le=90, description="A client's refresh token ends after so long unused."
    )
    contact: str = Field(
        default="an administrator of this workspace",
        min_length=1,
        max_length=200,
        description="Whom a page names to people who are not let in: an email address, or words.",
    )
    client_registration: Literal["open", "closed"] = Field(
        default="open", description="Whether OAuth clients may register themselves (RFC 7591)."
    )
    registrations_per_hour: int = Field(
        default=60, ge=1, description="Such registrations from one address."
    )
    client_metadata_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="`host:port` of internal places whose client metadata may be fetched.",
    )

    @field_validator("client_metadata_allow", mode="before")
    @classmethod
    def _places(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @property
    def session_time(self) -> timedelta:
        """How long a browser's sign-in lives unused."""
        return timedelta(hours=self.session_hours)

    @property
    def refresh_time(self) -> timedelta:
        """How long a refresh token lives unused."""
        return timedelta(days=self.refresh_token_days)
