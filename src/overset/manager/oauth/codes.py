"""Authorization codes (RFC 6749 section 4.1): for one use within a minute."""

from dataclasses import dataclass
from datetime import timedelta

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin
from pydantic import BaseModel, ConfigDict

from overset.manager.state.shelf import Shelf

CODE_TIME = timedelta(seconds=60)
REPLAY_TIME = timedelta(minutes=10)
"""How long a replay is recognized; the access tokens of a code live about as long."""


class Code(BaseModel, AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib is untyped
    """What a person allowed, until the client fetches it.

    Attributes:
        redirect_uri: what the request said, None if it said nothing.
        resource: what the request asked for, None if it asked for nothing.
        audience: the `aud` of the tokens.
        grant_id: the id that the grant will have.
        authenticated_at: when the person signed in, in Unix seconds.
    """

    model_config = ConfigDict(frozen=True)

    client_id: str
    redirect_uri: str | None
    resource: str | None
    audience: list[str]
    scope: str
    user_id: str
    workspace_id: str | None
    session_id: str
    grant_id: str
    authenticated_at: int
    nonce: str | None
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str | None:
        """Return what `/token` must name too."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """Return what was allowed."""
        return self.scope

    def get_nonce(self) -> str | None:
        """Return what goes into the ID token as it came."""
        return self.nonce

    def get_auth_time(self) -> int:
        """Return when the person signed in."""
        return self.authenticated_at

    def get_acr(self) -> None:
        """Return no class of authentication: there is one."""

    def get_amr(self) -> None:
        """Return no methods of authentication."""


class Redeemed(BaseModel):
    """What a code was redeemed for, and whether it came again."""

    grant_id: str
    client_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class CodeService:
    """The codes that wait for their clients, and those that were redeemed a moment ago."""

    waiting: Shelf[Code]
    redeemed: Shelf[Redeemed]

    def keep(self, name: str, code: Code) -> None:
        """Keep a code until its client comes."""
        self.waiting.put(name, code)

    def find(self, name: str) -> Code | None:
        """Return a code that was not redeemed, or None."""
        return self.waiting.get(name)

    def find_redeemed(self, name: str) -> Redeemed | None:
        """Return what a code was redeemed for, or None."""
        return self.redeemed.get(name)

    def redeem(self, name: str, code: Code) -> bool:
        """Use a code up; of all who try at once one is told that it succeeded.

        What it is redeemed for is known before, so that a replay finds it at any moment.
        """
        if self.redeemed.get(name) is None:
            self.redeemed.put(name, Redeemed(grant_id=code.grant_id, client_id=code.client_id))
        return self.waiting.drop(name)

    def note_replay(self, name: str, redeemed: Redeemed) -> None:
        """Remember that a code came again, for whoever is opening its grant right now."""
        self.redeemed.put(name, redeemed.model_copy(update={"replayed": True}))

    def was_replayed(self, name: str) -> bool:
        """Say whether a code came again since it was redeemed."""
        found = self.redeemed.get(name)
        return found is not None and found.replayed
