"""Authlib's authorization server for our web framework; its core is synchronous, as ours is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from starlette.responses import Response

from overset.flags.gates import Gate
from overset.kernel.settings import Settings
from overset.manager.gates.service import GateService
from overset.manager.grants.service import GrantService
from overset.manager.members.service import MemberService
from overset.manager.oauth.clients.model import Client
from overset.manager.oauth.clients.registry import ClientRegistry
from overset.manager.oauth.codes import CodeService
from overset.manager.oauth.requests import Request
from overset.manager.oauth.rfc9207 import Issuer
from overset.manager.users.model import User
from overset.manager.users.service import UserService
from overset.manager.workspaces.model import RegisteredWorkspace

_NEVER_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FOUND, _SEE_OTHER = 302, 303


class Answer(Response):
    """A response whose redirect may still be changed, as Authlib's extensions do."""

    @property
    def location(self) -> str | None:
        """Where it redirects to."""
        return self.headers.get("location")

    @location.setter
    def location(self, url: str) -> None:
        self.headers["location"] = url


@dataclass(frozen=True, slots=True)
class Parts:
    """What the server works with."""

    settings: Settings
    clients: ClientRegistry
    codes: CodeService
    grants: GrantService
    users: UserService
    members: MemberService
    gates: GateService


class OAuthServer(AuthorizationServer):  # type: ignore[misc]  # Authlib is untyped
    """The authorization server; grants and endpoints are registered in `assembly.py`."""

    def __init__(self, parts: Parts, *, scopes: Sequence[str]) -> None:
        super().__init__(scopes_supported=list(scopes))
        self.settings = parts.settings
        self.codes = parts.codes
        self.grants = parts.grants
        self._parts = parts
        self.issuer = Issuer(parts.settings.issuer)

    def query_client(self, client_id: str) -> Client | None:
        """Return a client, or None."""
        return self._parts.clients.find(client_id)

    def find_user(self, user_id: str, *, workspace_id: str | None) -> User | None:
        """Return an active user, who is a member there if a workspace is given, or None."""
        user = self._parts.users.find(user_id)
        if user is None or not user.active:
            return None
        if workspace_id is None:
            return user
        is_member = self._parts.members.belongs(workspace_id, user_id)
        return user if is_member and self.is_open(workspace_id, user_id) else None

    def is_open(self, workspace_id: str, user_id: str, *, at_its_host: bool = False) -> bool:
        """Say whether clients may get tokens for a workspace, or even at the workspace's own host.

        What is open at the host alone is asked when a person decides, and not again.
        """
        asked = [Gate.MCP_OAUTH_ENABLED]
        if at_its_host:
            asked.append(Gate.MCP_OAUTH_WORKSPACE_ENABLED)
        is_open = self._parts.gates.is_open
        return all(is_open(gate, workspace_id=workspace_id, user_id=user_id) for gate in asked)

    def list_workspaces_of(self, user_id: str) -> list[RegisteredWorkspace]:
        """Return the active workspaces of a user, by name."""
        return self._parts.members.list_workspaces_of(user_id)

    def save_token(self, token: Any, request: Any) -> None:
        """Do nothing: grants keep their tokens in the transaction that makes them."""

    def create_oauth2_request(self, request: Request) -> Request:
        """Return a request as it is: endpoints read it before."""
        return request

    def create_json_request(self, request: Any) -> Any:
        """Return a request as it is: endpoints read it before."""
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: nobody listens."""

    def handle_response(self, status: int, body: Any, headers: Any) -> Answer:
        """Return an answer; a redirect is a 303, so that no form is sent on (RFC 9700 4.12)."""
        text = json.dumps(body) if isinstance(body, dict) else body
        return Answer(
            text,
            status_code=_SEE_OTHER if status == _FOUND else status,
            headers={**dict(headers), **_NEVER_KEPT},
        )

    def refuse(self, error: OAuth2Error) -> Answer:
        """Return an error of the authorization endpoint: to the client, with `iss`, or as JSON."""
        answer: Answer = self.handle_error_response(None, error)
        self.issuer.add_issuer_parameter(self, answer)
        return answer
