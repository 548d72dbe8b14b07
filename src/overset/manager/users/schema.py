"""What the REST API reads about users."""

from pydantic import BaseModel, Field

from overset.rest.http import Text


class UserCreate(BaseModel):
    """A user to make."""

    email: Text = Field(examples=["ada@example.com"])
    name: Text | None = Field(default=None, description="By default the address's local part.")
    operator: bool = Field(default=False, description="Whether this API is open to the user.")


class UserUpdate(BaseModel):
    """What of a user can change; what is left out stays."""

    email: Text | None = None
    name: Text | None = None
    active: bool | None = Field(default=None, description="False makes every token worthless.")
    operator: bool | None = None
