"""Puts the authorization server together: which grants, extensions and endpoints it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from overset.auth.scopes import Scope
from overset.manager.authorizations.service import AuthorizationService
from overset.manager.consents.service import ConsentService
from overset.manager.keys.service import KeyService
from overset.manager.oauth.authorization import AuthorizationEndpoint
from overset.manager.oauth.openid_id_token import IdToken
from overset.manager.oauth.openid_logout import EndSession
from overset.manager.oauth.presented import TokenReader
from overset.manager.oauth.rfc6749_code import CodeGrant
from overset.manager.oauth.rfc6749_refresh import RefreshGrant
from overset.manager.oauth.rfc7009 import Revocation
from overset.manager.oauth.rfc7636 import RequiredCodeChallenge
from overset.manager.oauth.rfc7662 import Introspection
from overset.manager.oauth.rfc8414 import describe_server
from overset.manager.oauth.server import OAuthServer, Parts


@dataclass(frozen=True, slots=True)
class OAuth:
    """The authorization server.

    Attributes:
        server: Authlib's, with our grants and endpoints.
        authorization: the way to a code.
        waiting: the authorizations that wait for a person.
        consents: what people allowed.
        reader: recognizes tokens.
        metadata: what the server can do, and where.
    """

    server: OAuthServer
    authorization: AuthorizationEndpoint
    waiting: AuthorizationService
    consents: ConsentService
    reader: TokenReader
    metadata: Mapping[str, Any]


def assemble_oauth(
    parts: Parts, *, keys: KeyService, waiting: AuthorizationService, consents: ConsentService
) -> OAuth:
    """Return the authorization server."""
    issuer, grants = parts.settings.issuer, parts.grants
    server = OAuthServer(parts, scopes=sorted(Scope))
    id_token = IdToken(issuer=issuer, keys=keys, now=grants.now)
    reader = TokenReader(issuer=issuer, keys=keys, grants=grants, now=grants.now)
    server.register_grant(CodeGrant, [RequiredCodeChallenge(required=True), id_token])
    server.register_grant(RefreshGrant)
    server.register_endpoint(Revocation(reader=reader, grants=grants))
    server.register_endpoint(Introspection(reader=reader, issuer=issuer))
    server.register_endpoint(EndSession(issuer=issuer, keys=keys))
    server.issuer(server)
    return OAuth(
        server=server,
        authorization=AuthorizationEndpoint(server, waiting, consents),
        waiting=waiting,
        consents=consents,
        reader=reader,
        metadata=describe_server(parts.settings),
    )
