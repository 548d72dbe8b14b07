"""ID tokens (OpenID Connect Core section 3.1.3.7): what one says, if it is for this sign-in."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from joserfc.jwt import Token

from overset.manager.federation.kept import Kept
from overset.manager.federation.refusals import not_proven

ALGORITHMS = ("RS256", "ES256")
_LEEWAY_SECONDS = 30
_LONGEST_SUBJECT = 255
_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token must say.

    Attributes:
        after: when the person must have signed in there, if it matters (Unix seconds);
            a provider that does not tell is believed to have asked.
    """

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None
    now: datetime
    after: int | None = None


def read_id_token(
    token: str, *, keys: Kept[KeySet], expected: Expected, name: str
) -> Mapping[str, Any]:
    """Return the claims of an ID token.

    Args:
        token: the compact form.
        keys: the provider's; one that is not among them is asked for once, for keys change.
        expected: what the token must say.
        name: what people call the provider.

    Raises:
        Forbidden: `identity_not_proven`, with the reason in the log and nowhere else.
        Unavailable: the keys cannot be had.
    """
    known = keys.get()
    try:
        try:
            decoded = _decode(token, known)
        except InvalidKeyIdError:
            decoded = _decode(token, keys.renew(known))
        return _check(decoded, expected)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        _log.warning("an ID token does not count: %s", _reason(error))
        raise not_proven(name) from None


def _decode(token: str, keys: KeySet) -> Token:
    return jwt.decode(token, keys, registry=_REGISTRY)


def _check(decoded: Token, expected: Expected) -> Mapping[str, Any]:
    options = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    parameters = {
        "nonce": expected.nonce,
        "client_id": expected.client_id,
        "access_token": expected.access_token,
    }
    claims = CodeIDToken(decoded.claims, decoded.header, options, parameters)
    claims.validate(now=int(expected.now.timestamp()), leeway=_LEEWAY_SECONDS)
    if expected.after is not None and "auth_time" in claims:
        _check_age(claims["auth_time"], expected.after)
    subject = claims["sub"]
    if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise ValueError("sub")
    return dict(claims)


def _check_age(signed_in_at: float, after: int) -> None:
    if signed_in_at < after - _LEEWAY_SECONDS:
        raise InvalidClaimError("auth_time")


def _reason(error: Exception) -> str:
    # joserfc names the claim in its description, and quotes no value.
    claim: Callable[[], str] | str = getattr(error, "claim", "")
    return f"{type(error).__name__} {claim}".strip()
