"""What the REST API reads about teams."""

from pydantic import BaseModel, Field

from overset.rest.http import Text


class TeamCreate(BaseModel):
    """A team to make."""

    slug: Text = Field(examples=["sales"])
    name: Text = Field(examples=["Sales"])


class TeamUpdate(BaseModel):
    """What of a team can change."""

    name: Text
