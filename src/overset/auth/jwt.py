"""Access tokens: RFC 9068 JWTs, verified as RFC 8725 asks, with one algorithm and one issuer."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from overset.auth.jwks import KeySource
from overset.auth.scopes import Scope
from overset.kernel.clock import Now
from overset.kernel.errors import InvalidToken
from overset.kernel.ids import TokenId, UserId

ALGORITHM = "RS256"
LEEWAY = timedelta(seconds=30)
MAX_BYTES = 8 * 1024

_HEADER = frozenset({"alg", "kid", "typ"})
_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_REQUIRED = ("aud", "client_id", "exp", "iat", "iss", "jti", "sub")
_REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says (RFC 9068 section 2.2); times are in UTC."""

    issuer: str
    subject: UserId
    audience: frozenset[str]
    token_id: TokenId
    client_id: str
    scopes: frozenset[Scope]
    issued_at: datetime
    expires_at: datetime


async def verify(
    token: str, *, key_source: KeySource, issuer: str, audience: str | None, now: Now
) -> Claims:
    """Return what `token` says, if it counts here and now (RFC 9068 section 4).

    Whether it was revoked is not seen in the token: that is the manager's decision.

    Args:
        token: the compact form, as the request carried it.
        key_source: where the issuer's keys are found.
        issuer: whose tokens count; compared character by character (RFC 8725 section 3.8).
        audience: what the token must be for, or None when the caller compares `Claims.audience`.
        now: the wall clock; expiry and the others are judged with 30 s of leeway.

    Raises:
        InvalidToken: with one code for each reason: `token_malformed`, `token_algorithm`,
            `token_type`, `token_key_unknown`, `token_signature`, `token_claims_missing`,
            `token_issuer`, `token_expired`, `token_not_yet_valid`, `token_audience`.
        Unavailable: `manager_unreachable`, the key is not known here and cannot be asked for.
    """
    signed, header = _parse(token)
    kid = _check_header(header)
    key = await key_source.find_key(kid)
    if key is None:
        raise InvalidToken("token_key_unknown", "The token's `kid` is not a key of this platform.")
    _check_signature(signed, key)
    claims = _read_claims(signed.payload)
    _check_issuer(claims, issuer)
    _check_times(claims, now())
    facts = _to_facts(claims)
    if audience is not None and audience not in facts.audience:
        raise InvalidToken(
            "token_audience", "The token is not for this address: its `aud` differs."
        )
    return facts


def expired() -> InvalidToken:
    """Return the refusal of a token whose time is over."""
    return InvalidToken("token_expired", "The token has expired: get a new one.")


def _parse(token: str) -> tuple[jws.CompactSignature, dict[str, Any]]:
    if len(token) > MAX_BYTES:
        raise InvalidToken("token_malformed", f"The token is longer than {MAX_BYTES} characters.")
    try:
        signed = jws.extract_compact(token.encode("ascii"), registry=_REGISTRY)
        return signed, dict(signed.headers())
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise InvalidToken(
            "token_malformed", "The token is not a signed JWT in compact form."
        ) from error


def _check_header(header: Mapping[str, Any]) -> str:
    # Keys come from the issuer alone: never from the token, nor from where it points (RFC 8725
    # section 3.10); and nothing critical is understood here (RFC 7515 section 4.1.11).
    unknown = sorted(set(header) - _HEADER)
    if unknown:
        raise InvalidToken("token_malformed", f"The token's header carries {unknown[0]!r}.")
    if header.get("alg") != ALGORITHM:
        raise InvalidToken("token_algorithm", f"The token is not signed with {ALGORITHM}.")
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise InvalidToken("token_type", "The token is no access token: its `typ` is not `at+jwt`.")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise InvalidToken("token_key_unknown", "The token names no key: it has no `kid`.")
    return kid


def _check_signature(signed: jws.CompactSignature, key: RSAKey) -> None:
    try:
        is_good = jws.validate_compact(signed, key, registry=_REGISTRY)
    except (JoseError, ValueError):
        is_good = False
    if not is_good:
        raise InvalidToken("token_signature", "The token's signature is not its issuer's.")


def _read_claims(payload: bytes | None) -> dict[str, Any]:
    try:
        claims = json.loads(payload or b"")
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise InvalidToken("token_malformed", "The token's claims are not a JSON object.")
    for name in _REQUIRED:
        if name not in claims:
            raise InvalidToken("token_claims_missing", f"The token has no `{name}`.")
    for name, is_right in _SHAPES.items():
        if name in claims and not is_right(claims[name]):
            raise InvalidToken("token_claims_missing", f"The token has no usable `{name}`.")
    return claims


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_time(value: object) -> bool:
    # A NumericDate (RFC 7519 section 2). `true` is an int in Python, and JSON's reader takes NaN.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0 <= value <= _LAST_SECOND


def _is_audience(value: object) -> bool:
    return _is_text(value) or (
        isinstance(value, list) and bool(value) and all(map(_is_text, value))
    )


_LAST_SECOND = datetime.max.replace(tzinfo=UTC, microsecond=0).timestamp() - 86_400
_SHAPES = {
    "aud": _is_audience,
    "client_id": _is_text,
    "exp": _is_time,
    "iat": _is_time,
    "iss": _is_text,
    "jti": _is_text,
    "nbf": _is_time,
    "scope": lambda value: isinstance(value, str),
    "sub": _is_text,
}


def _check_issuer(claims: Mapping[str, Any], issuer: str) -> None:
    if claims["iss"] != issuer:
        raise InvalidToken("token_issuer", "The token comes from another issuer.")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    if now >= _to_time(claims["exp"]) + LEEWAY:
        raise expired()
    begins = max(_to_time(claims["iat"]), _to_time(claims.get("nbf", 0)))
    if now < begins - LEEWAY:
        raise InvalidToken("token_not_yet_valid", "The token does not count yet: check the clocks.")


def _to_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _to_facts(claims: Mapping[str, Any]) -> Claims:
    audience = claims["aud"]
    words = set(claims.get("scope", "").split())
    return Claims(
        issuer=claims["iss"],
        subject=UserId(claims["sub"]),
        audience=frozenset([audience] if isinstance(audience, str) else audience),
        token_id=TokenId(claims["jti"]),
        client_id=claims["client_id"],
        # A scope that this release does not know allows nothing here.
        scopes=frozenset(scope for scope in Scope if scope in words),
        issued_at=_to_time(claims["iat"]),
        expires_at=_to_time(claims["exp"]),
    )
