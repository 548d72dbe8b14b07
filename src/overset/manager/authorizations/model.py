"""An authorization request that waits for a person."""

from pydantic import BaseModel, ConfigDict


class Waiting(BaseModel):
    """What a client asked for (RFC 6749 section 4.1.1), after its client and redirect were checked.

    Attributes:
        parameters: of the request, in order; one may come twice (RFC 8707 section 2).
        redirect_uri: where the answer goes, checked.
        session_id: the sign-in that was asked for consent; nobody else may answer.
        signed_in_after: the person must have signed in since this time (Unix seconds), if set.
    """

    model_config = ConfigDict(frozen=True)

    parameters: list[tuple[str, str]]
    redirect_uri: str
    session_id: str | None = None
    signed_in_after: int | None = None
