"""What the internal API reads and says about the assistant's tokens."""

from pydantic import BaseModel, ConfigDict, Field

from overset.rest.http import Text


class TokenQuestion(BaseModel):
    """For whom and for where a token is to be."""

    user_id: Text = Field(description="Whose sign-in it is.")
    workspace: Text = Field(description="Slug or id.")


class AssistantToken(BaseModel):
    """A new token, which is kept nowhere."""

    model_config = ConfigDict(from_attributes=True)

    access_token: str
    expires_in: int = Field(description="Seconds.")
