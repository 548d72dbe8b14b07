"""Tokens: RFC 9068 JWTs, issued, listed and revoked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from sqlalchemy import delete, insert, update

from overset.auth.scopes import MANAGER_SCOPES, WORKSPACE_SCOPES, Scope, format_scopes
from overset.kernel.changes import ChangeKind
from overset.kernel.clock import Now
from overset.kernel.errors import Forbidden, InvalidRequest, NotFound
from overset.kernel.ids import TokenId, new_token_id
from overset.kernel.settings import Settings
from overset.manager.changes.service import ChangeLog, Transaction
from overset.manager.keys.service import MAX_TOKEN_TTL, KeyService, Signer
from overset.manager.keys.vault import ALGORITHM
from overset.manager.members.service import MemberService
from overset.manager.names import parse_name
from overset.manager.tables import tokens
from overset.manager.tokens.model import IssuedToken, Token, TokenRequest
from overset.manager.tokens.repository import find_token, page_tokens
from overset.manager.users.model import User
from overset.manager.users.service import UserService
from overset.manager.workspaces.model import RegisteredWorkspace
from overset.manager.workspaces.service import WorkspaceService
from overset.rest.paging import DEFAULT_LIMIT, Page

DEFAULT_TTL = timedelta(hours=1)
_KEPT_AFTER_EXPIRY = timedelta(days=30)


def api_audience(settings: Settings) -> str:
    """Return the `aud` of tokens for the manager's REST API."""
    return settings.issuer.rstrip("/") + "/api/v1"


@dataclass(frozen=True, slots=True)
class TokenService:
    """The tokens of the platform."""

    settings: Settings
    changes: ChangeLog
    keys: KeyService
    users: UserService
    workspaces: WorkspaceService
    members: MemberService
    now: Now

    def issue(
        self,
        user_id: str,
        *,
        workspaces: Sequence[str] = (),
        ttl: timedelta = DEFAULT_TTL,
        scopes: frozenset[Scope] | None = None,
        client_id: str = "overset-cli",
    ) -> IssuedToken:
        """Issue a token for workspaces (slugs or ids), or, without any, for the REST API.

        Args:
            user_id: whom it speaks for.
            workspaces: where it counts; the user must be a member of each.
            ttl: how long it lives, at most 90 days.
            scopes: what it may be used for; by default everything that its audience knows.
            client_id: the program that it is for.

        Raises:
            InvalidRequest: `ttl_invalid`, `scope_invalid` for this audience, `client_id_invalid`.
            NotFound: `user_unknown` or `workspace_unknown`.
            Forbidden: `user_disabled`, `not_a_member`, `not_an_operator`.
        """
        self._refuse_ttl(ttl)
        user = self._get_active(user_id)
        found = [self._get_workspace_of(user, locator) for locator in dict.fromkeys(workspaces)]
        if not found and not user.operator:
            raise Forbidden("not_an_operator", "Only operators get tokens for the manager's API.")
        granted = _grant(scopes, WORKSPACE_SCOPES if found else MANAGER_SCOPES)
        request = TokenRequest(
            user_id=user.id,
            client_id=_parse_client_id(client_id),
            audience=self._audience(found),
            workspace_ids=[workspace.id for workspace in found],
            scope=format_scopes(granted),
            ttl=ttl,
        )
        signer = self.keys.signer()
        with self.changes.writing() as transaction:
            return self.issue_in(transaction, request, signer)

    def issue_in(
        self, transaction: Transaction, request: TokenRequest, signer: Signer
    ) -> IssuedToken:
        """Issue a token that somebody else decided about, in their transaction.

        The signer is found before it: to make the first key takes a transaction of its own.
        """
        issued_at = self.now().replace(microsecond=0)
        token = Token(
            id=new_token_id(),
            user_id=request.user_id,
            client_id=request.client_id,
            audience=request.audience,
            workspace_ids=request.workspace_ids,
            scope=request.scope,
            issued_at=issued_at,
            expires_at=issued_at + request.ttl,
            revoked_at=None,
        )
        long_gone = tokens.c.expires_at < issued_at - _KEPT_AFTER_EXPIRY
        transaction.execute(delete(tokens).where(long_gone))
        row = {**asdict(token), "grant_id": request.grant_id}
        transaction.execute(insert(tokens).values(row))
        return IssuedToken(value=self._sign(token, signer), token=token)

    def find(self, token_id: str) -> Token | None:
        """Return the record of a token, or None."""
        with self.changes.database.reading() as connection:
            return find_token(connection, token_id)

    def get(self, token_id: str) -> Token:
        """Return the record of a token; raises NotFound `token_unknown`."""
        if (token := self.find(token_id)) is None:
            raise NotFound("token_unknown", f"There is no token {token_id!r}.")
        return token

    def page(
        self, *, user_id: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Token]:
        """Return tokens, newest first, of one user or of all."""
        with self.changes.database.reading() as connection:
            return page_tokens(connection, user_id=user_id, limit=limit, cursor=cursor)

    def revoke(self, token_id: str) -> Token:
        """Make a token worthless; once more does nothing. Raises NotFound `token_unknown`."""
        alive = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
        user_id = self.get(token_id).user_id
        with self.changes.writing() as transaction:
            if transaction.execute(alive.values(revoked_at=self.now())).rowcount:
                transaction.record(ChangeKind.TOKEN, user_id=user_id, token_id=TokenId(token_id))
        return self.get(token_id)

    def _get_active(self, user_id: str) -> User:
        user = self.users.get(user_id)
        if not user.active:
            raise Forbidden("user_disabled", f"User {user_id!r} is disabled.")
        return user

    def _get_workspace_of(self, user: User, locator: str) -> RegisteredWorkspace:
        workspace = self.workspaces.get(locator)
        if self.members.find(workspace.id, user.id) is None:
            raise Forbidden("not_a_member", f"User {user.id!r} is no member of {locator!r}.")
        return workspace

    def _audience(self, found: Sequence[RegisteredWorkspace]) -> list[str]:
        urls = [self.settings.mcp_url(workspace.slug) for workspace in found]
        return urls or [api_audience(self.settings)]

    def _sign(self, token: Token, signer: Signer) -> str:
        claims = {
            "iss": self.settings.issuer,
            "sub": token.user_id,
            "aud": token.audience,
            "exp": _seconds(token.expires_at),
            "iat": _seconds(token.issued_at),
            "jti": token.id,
            "client_id": token.client_id,
            "scope": token.scope,
        }
        header = {"alg": ALGORITHM, "kid": signer.kid, "typ": "at+jwt"}
        return jwt.encode(header, claims, signer.key, algorithms=[ALGORITHM])

    @staticmethod
    def _refuse_ttl(ttl: timedelta) -> None:
        if not timedelta(seconds=1) <= ttl <= MAX_TOKEN_TTL:
            raise InvalidRequest("ttl_invalid", "A token lives from 1 second to 90 days.")


def _grant(asked: frozenset[Scope] | None, known: frozenset[Scope]) -> frozenset[Scope]:
    if asked is None:
        return known
    if not asked or asked - known:
        raise InvalidRequest(
            "scope_invalid", f"A token for this audience carries some of: {format_scopes(known)}."
        )
    return asked


def _parse_client_id(text: str) -> str:
    # RFC 9068 section 5: nobody may take a client for a user.
    client_id = parse_name(text, what="client_id")
    if client_id.startswith("usr_"):
        raise InvalidRequest("client_id_invalid", "A client's id must not look like a user's.")
    return client_id


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
