"""RFC 6749 section 4.1, the authorization code grant, as OAuth 2.1 section 4.1 has it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from overset.kernel.ids import GrantId, SessionId, UserId, WorkspaceId, new_grant_id
from overset.manager.grants.model import Grant, Issued
from overset.manager.oauth.clients.model import ClientKind
from overset.manager.oauth.codes import Code
from overset.manager.oauth.rfc8707 import InvalidTargetError, read_resource
from overset.manager.users.model import User

TOKEN_AUTH_METHODS = ["none", "client_secret_basic", "client_secret_post"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person allowed a client.

    Attributes:
        workspace_id: where it counts, None where it is about no workspace.
        audience: the `aud` of the tokens.
        scope: what was allowed, which may be more or less than what was asked for.
        session_id: the sign-in in which it was allowed.
        authenticated_at: when the person signed in.
    """

    workspace_id: WorkspaceId | None
    audience: list[str]
    scope: str
    session_id: SessionId
    authenticated_at: datetime


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's grant on our shelves and tables; the server it belongs to holds the services."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = TOKEN_AUTH_METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Any) -> str:
        """Return where the answer goes; nothing is ever sent to an unregistered URI (A27)."""
        asked: str | None = request.payload.redirect_uri
        if asked is not None and not client.check_redirect_uri(asked):
            raise InvalidRequestError("The 'redirect_uri' is not one that the client registered.")
        uri: str | None = asked or client.get_default_redirect_uri()
        if uri is None:
            raise InvalidRequestError("Missing 'redirect_uri' in request.")
        return uri

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Keep a code for what `request.allowed` says."""
        allowed: Allowed = request.allowed
        data = request.payload.data
        self.server.codes.keep(
            code,
            Code(
                client_id=request.client.id,
                redirect_uri=request.payload.redirect_uri,
                resource=read_resource(request.payload, self.server.settings).url,
                audience=allowed.audience,
                scope=allowed.scope,
                user_id=request.user.id,
                workspace_id=allowed.workspace_id,
                session_id=allowed.session_id,
                grant_id=new_grant_id(),
                authenticated_at=int(allowed.authenticated_at.timestamp()),
                nonce=data.get("nonce"),
                code_challenge=data["code_challenge"],
                code_challenge_method=data["code_challenge_method"],
            ),
        )

    def query_authorization_code(self, code: str, client: Any) -> Code | None:
        """Return a client's code; one that it brings again ends its grant (section 4.1.2)."""
        found: Code | None = self.server.codes.find(code)
        if found is not None:
            return found if found.client_id == client.id else None
        self._note_replay(code, client)
        return None

    def validate_token_request(self) -> None:
        """Check all that can be wrong before the code is used up."""
        super().validate_token_request()
        code: Code = self.request.authorization_code
        resource = read_resource(self.request.payload, self.server.settings)
        if resource.url is not None and resource.url not in {code.resource, *code.audience}:
            raise InvalidTargetError("The code is for another 'resource'.")

    def create_token_response(self) -> Any:
        """Use the code up, and answer with tokens."""
        name, code = self.request.form["code"], self.request.authorization_code
        if not self.server.codes.redeem(name, code):
            self._note_replay(name, self.request.client)
            raise InvalidGrantError("Invalid 'code' in request.")
        response = super().create_token_response()
        if self.server.codes.was_replayed(name):
            self.server.grants.revoke(code.grant_id)
            raise InvalidGrantError("Invalid 'code' in request.")
        return response

    def authenticate_user(self, authorization_code: Code) -> User | None:
        """Return the person, if the person may still be there."""
        user: User | None = self.server.find_user(
            authorization_code.user_id, workspace_id=authorization_code.workspace_id
        )
        return user

    def generate_token(self, **asked: Any) -> dict[str, object]:
        """Open the grant; the tokens are kept in the same transaction."""
        code: Code = self.request.authorization_code
        now = self.server.grants.now()
        grant = Grant(
            id=GrantId(code.grant_id),
            user_id=UserId(code.user_id),
            client_id=code.client_id,
            workspace_id=None if code.workspace_id is None else WorkspaceId(code.workspace_id),
            audience=code.audience,
            scope=code.scope,
            session_id=SessionId(code.session_id),
            authenticated_at=datetime.fromtimestamp(code.authenticated_at, tz=UTC),
            created_at=now,
            expires_at=now + self.server.grants.lifetime,
            revoked_at=None,
        )
        issued: Issued | None = self.server.grants.open(
            grant,
            refreshable=bool(asked["include_refresh_token"]),
            needs_consent=self.request.client.kind is not ClientKind.OWN,
        )
        if issued is None:
            raise InvalidGrantError("The person has signed out, or allows this no more.")
        return issued.as_dict()

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Do nothing: it was used up before anything was issued."""

    def _note_replay(self, name: str, client: Any) -> None:
        redeemed = self.server.codes.find_redeemed(name)
        if redeemed is not None and redeemed.client_id == client.id:
            self.server.codes.note_replay(name, redeemed)
            self.server.grants.revoke(redeemed.grant_id)
