"""Overset as a client of the provider: the code flow of OpenID Connect, with PKCE and a nonce."""

import base64
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from overset.kernel.clock import Now
from overset.kernel.settings import Settings
from overset.manager.federation.discovery import Discovery
from overset.manager.federation.id_token import Expected, read_id_token
from overset.manager.federation.kept import Kept
from overset.manager.federation.model import Departure, Provider
from overset.manager.federation.refusals import ProviderMismatchError, not_proven, over
from overset.manager.federation.upstream import Answer, Upstream

_OK = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProviderClient:
    """Sends people to the provider, and learns who they are when they come back."""

    settings: Settings
    upstream: Upstream
    provider: Kept[Provider]
    keys: Kept[KeySet]
    now: Now

    @classmethod
    def open(cls, settings: Settings, *, now: Now) -> Self:
        """Return the client of the provider that is set; it asks nothing before it must."""
        upstream = Upstream(settings.provider_name)
        discovery = Discovery(upstream, settings.oidc_issuer or "")
        provider = Kept(discovery.find_provider)
        keys = Kept(lambda: discovery.find_keys(provider.get()))
        return cls(settings, upstream, provider, keys, now)

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to; operators register it there."""
        return self.settings.issuer.rstrip("/") + "/federation/callback"

    def make_url(self, departure: Departure, *, state: str) -> str:
        """Return where to send a person (OpenID Connect Core section 3.1.2.1).

        Raises:
            Unavailable: the provider's metadata cannot be had.
        """
        url: str = prepare_grant_uri(
            self.provider.get().authorization_endpoint,
            client_id=self.settings.oidc_client_id,
            response_type="code",
            redirect_uri=self.redirect_uri,
            scope=self.settings.oidc_scopes,
            state=state,
            nonce=departure.nonce,
            code_challenge=create_s256_code_challenge(departure.verifier),
            code_challenge_method="S256",
            audience=self.settings.oidc_audience,
            # Not `prompt=login`, which some providers refuse; this one they may only ignore.
            max_age=None if departure.after is None else "0",
        )
        return url

    def check_issuer(self, issuer: str | None) -> None:
        """Refuse an answer that another provider may have given (RFC 9207 section 2.4).

        Raises:
            Forbidden: `identity_not_proven`.
            Unavailable: the provider's metadata cannot be had.
        """
        provider = self.provider.get()
        is_promised = provider.authorization_response_iss_parameter_supported
        if issuer != provider.issuer and (issuer is not None or is_promised):
            _log.warning("an answer names another issuer: %.300s", issuer)
            raise not_proven(self.upstream.name)

    def redeem(self, code: str, departure: Departure) -> Mapping[str, Any]:
        """Return what the provider says about the person who came back with a code.

        Raises:
            InvalidRequest: `federation_over`, the provider knows no such code.
            Forbidden: `identity_not_proven`, its ID token is not for this sign-in.
            Unavailable: the provider gives no answer, or does not know this client.
        """
        provider = self.provider.get()
        granted = self._exchange(provider, code, departure.verifier)
        id_token, access_token = granted.get("id_token"), granted.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str | None):
            _log.warning("the identity provider sent no ID token")
            raise not_proven(self.upstream.name)
        expected = Expected(
            issuer=provider.issuer,
            client_id=str(self.settings.oidc_client_id),
            nonce=departure.nonce,
            access_token=access_token,
            now=self.now(),
            after=departure.after,
        )
        claims = read_id_token(id_token, keys=self.keys, expected=expected, name=self.upstream.name)
        return self._complete(provider, claims, access_token)

    def close(self) -> None:
        """Close the connections to the provider."""
        self.upstream.close()

    def _exchange(self, provider: Provider, code: str, verifier: str) -> Mapping[str, Any]:
        body: str = prepare_token_request(
            "authorization_code", redirect_uri=self.redirect_uri, code=code, code_verifier=verifier
        )
        body, headers = self._authenticate(provider, body)
        answer = self.upstream.ask("POST", provider.token_endpoint, body=body, headers=headers)
        if answer.status == _OK:
            return answer.content
        if answer.content.get("error") == "invalid_grant":
            raise over()
        raise self._mismatch("the token endpoint", answer)

    def _authenticate(self, provider: Provider, body: str) -> tuple[str, dict[str, str]]:
        secret = self.settings.oidc_client_secret
        known = (str(self.settings.oidc_client_id), secret.get_secret_value() if secret else "")
        methods = provider.token_endpoint_auth_methods_supported
        if "client_secret_basic" not in methods and "client_secret_post" in methods:
            fields = dict(zip(("client_id", "client_secret"), known, strict=True))
            return f"{body}&{urlencode(fields)}", {}
        # RFC 6749 section 2.3.1: each part is form-encoded before they are joined.
        joined = ":".join(map(quote_plus, known))
        return body, {"Authorization": f"Basic {base64.b64encode(joined.encode()).decode()}"}

    def _complete(
        self, provider: Provider, claims: Mapping[str, Any], access_token: str | None
    ) -> Mapping[str, Any]:
        """Add what only the userinfo endpoint tells (section 5.3); the ID token's claims win."""
        wanted = {"email", self.settings.oidc_email_verified_claim}
        if self.settings.oidc_group_roles:
            wanted.add(self.settings.oidc_groups_claim)
        if wanted <= claims.keys() or not provider.userinfo_endpoint or not access_token:
            return claims
        answer = self.upstream.ask(
            "GET",
            provider.userinfo_endpoint,
            headers={"Authorization": f"Bearer {access_token}"},
        )
        if answer.status != _OK:
            raise self._mismatch("the userinfo endpoint", answer)
        # Section 5.3.2: an answer about somebody else must not be used.
        if answer.content.get("sub") != claims["sub"]:
            _log.warning("the userinfo endpoint speaks of another subject")
            raise not_proven(self.upstream.name)
        return {**answer.content, **claims}

    def _mismatch(self, where: str, answer: Answer) -> ProviderMismatchError:
        error = str(answer.content.get("error", ""))[:100]
        problem = f"{where} answered {answer.status} {error}".strip()
        _log.error("the identity provider refused Overset itself: %s", problem)
        return ProviderMismatchError(self.upstream.name, problem)
