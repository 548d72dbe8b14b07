"""What the REST API reads about members."""

from pydantic import BaseModel, Field

from overset.manager.http import Text


class MemberPut(BaseModel):
    """What a member is."""

    role: Text = Field(examples=["Gamma"], description="A role of the workspace's Superset.")
