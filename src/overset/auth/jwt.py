"""Access tokens: RFC 9068 JWTs, verified as RFC 8725 asks, with one algorithm and one issuer."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cachetools import TTLCache
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from overset.auth.jwks import KeySource
from overset.auth.scopes import Scope, read_scopes
from overset.kernel.clock import Monotonic, Now, monotonic, utc_now
from overset.kernel.errors import InvalidToken
from overset.kernel.ids import TokenId, UserId

ALGORITHM = "RS256"
LEEWAY = timedelta(seconds=30)
MAX_BYTES = 8 * 1024

_SECONDS = 60
_MOST_TOKENS = 4096
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


@dataclass(frozen=True, slots=True)
class _Signed:
    """What follows from a token and the key that signed it, whenever and wherever it is sent."""

    kid: str
    key: RSAKey
    claims: Claims
    begins_at: datetime


class Verifier:
    """Says which tokens count here and now (RFC 9068 section 4).

    A signature that was good a moment ago is not computed again as long as the issuer's key is the
    same object: a key that was withdrawn, exchanged or read anew is another one, or none. Issuer,
    times and audience are judged each time. Whether a token was revoked is not seen in it: that is
    the manager's decision.

    It is used from one event loop.
    """

    def __init__(
        self,
        key_source: KeySource,
        *,
        issuer: str,
        now: Now = utc_now,
        clock: Monotonic = monotonic,
    ) -> None:
        """Make a verifier that remembers nothing yet.

        Args:
            key_source: where the issuer's keys are found.
            issuer: whose tokens count; compared character by character (RFC 8725 section 3.8).
            now: the wall clock; expiry and the others are judged with 30 s of leeway.
            clock: seconds that only go forward.
        """
        self._key_source = key_source
        self._issuer = issuer
        self._now = now
        self._signed: TTLCache[bytes, _Signed] = TTLCache(_MOST_TOKENS, _SECONDS, clock)

    async def verify(self, token: str, *, audience: str | None) -> Claims:
        """Return what `token` says, if it counts.

        Args:
            token: the compact form, as the request carried it.
            audience: what it must be for, or None when the caller compares `Claims.audience`.

        Raises:
            InvalidToken: with one code for each reason: `token_malformed`, `token_algorithm`,
                `token_type`, `token_key_unknown`, `token_signature`, `token_claims_missing`,
                `token_issuer`, `token_expired`, `token_not_yet_valid`, `token_audience`.
            Unavailable: `manager_unreachable`, the key is not known here and cannot be asked for.
        """
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        signed = self._signed.get(digest)
        if signed is None or await self._key_source.find_key(signed.kid) is not signed.key:
            signed = self._signed[digest] = await self._read(token)
        _check_issuer(signed.claims, self._issuer)
        _check_times(signed, self._now())
        if audience is not None and audience not in signed.claims.audience:
            raise misdirected()
        return signed.claims

    async def _read(self, token: str) -> _Signed:
        signed, header = _parse(token)
        kid = _check_header(header)
        key = await self._key_source.find_key(kid)
        if key is None:
            raise InvalidToken(
                "token_key_unknown", "The token's `kid` is not a key of this platform."
            )
        _check_signature(signed, key)
        claims = _read_claims(signed.payload)
        begins = max(claims["iat"], claims.get("nbf", 0))
        return _Signed(kid, key, _to_facts(claims), _to_time(begins))


def expired() -> InvalidToken:
    """Return the refusal of a token whose time is over."""
    return InvalidToken("token_expired", "The token has expired: get a new one.")


def misdirected() -> InvalidToken:
    """Return the refusal of a token that was issued for something else."""
    return InvalidToken("token_audience", "The token is not for this address: its `aud` differs.")


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


def _check_issuer(claims: Claims, issuer: str) -> None:
    if claims.issuer != issuer:
        raise InvalidToken("token_issuer", "The token comes from another issuer.")


def _check_times(signed: _Signed, now: datetime) -> None:
    if now >= signed.claims.expires_at + LEEWAY:
        raise expired()
    if now < signed.begins_at - LEEWAY:
        raise InvalidToken("token_not_yet_valid", "The token does not count yet: check the clocks.")


def _to_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _to_facts(claims: Mapping[str, Any]) -> Claims:
    audience = claims["aud"]
    return Claims(
        issuer=claims["iss"],
        subject=UserId(claims["sub"]),
        audience=frozenset([audience] if isinstance(audience, str) else audience),
        token_id=TokenId(claims["jti"]),
        client_id=claims["client_id"],
        scopes=read_scopes(claims.get("scope", "")),
        issued_at=_to_time(claims["iat"]),
        expires_at=_to_time(claims["exp"]),
    )
