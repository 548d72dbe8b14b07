"""Tokens that an attacker would send, and what each is refused with."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import anyio
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from overset.auth.jwks import MemoryKeys
from overset.auth.jwt import MAX_BYTES, Verifier
from overset.auth.scopes import Scope
from overset.kernel.errors import InvalidToken

ISSUER = "https://manager.example.com"
AUDIENCE = "https://acme.example.com/mcp"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
TIME = int(NOW.timestamp())


def key(name: str = "ours") -> RSAKey:
    return generated(name)


@cache
def generated(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


def header(**changed: Any) -> dict[str, Any]:
    return without_none({"alg": "RS256", "typ": "at+jwt", "kid": "ours"} | changed)


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "iss": ISSUER,
        "sub": "usr_a",
        "aud": [AUDIENCE],
        "exp": TIME + 3600,
        "iat": TIME,
        "jti": "tok_a",
        "client_id": "claude",
        "scope": "workspace:read sql:run",
    }
    return without_none(usual | changed)


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(head: object, body: object, *, by: str = "ours") -> str:
    """Sign anything at all, as only the holder of the key could."""
    message = f"{b64(head)}.{b64(body)}"
    private = key(by).private_key
    assert private is not None
    return f"{message}.{b64(private.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def sign_hmac(head: object, body: object, *, secret: bytes) -> str:
    message = f"{b64(head)}.{b64(body)}"
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(message.encode())
    return f"{message}.{b64(mac.finalize())}"


def check(token: str, *, audience: str | None = AUDIENCE, now: datetime = NOW) -> Any:
    async def run() -> Any:
        verifier = Verifier(MemoryKeys({"ours": key()}), issuer=ISSUER, now=lambda: now)
        return await verifier.verify(token, audience=audience)

    return anyio.run(run)


def refusal(token: str, **given: Any) -> str:
    with pytest.raises(InvalidToken) as refused:
        check(token, **given)
    return refused.value.code


def public_pem() -> bytes:
    return key().as_pem(private=False)


def embedded_key() -> str:
    jwk = key("attacker").as_dict(private=False)
    return sign(header(jwk=jwk), claims(), by="attacker")


def tampered(**changed: Any) -> str:
    head, _, signature = sign(header(), claims()).split(".")
    return f"{head}.{b64(claims(**changed))}.{signature}"


ATTACKS: dict[str, tuple[Callable[[], str], str]] = {
    # not a token
    "empty": (lambda: "", "token_malformed"),
    "one part": (lambda: "abc", "token_malformed"),
    "two dots too many": (lambda: sign(header(), claims()) + "..", "token_malformed"),
    "not base64": (lambda: "a$.b$.c$", "token_malformed"),
    "not ASCII": (lambda: sign(header(), claims()) + "é", "token_malformed"),
    "padded": (lambda: sign(header(), claims()) + "==", "token_signature"),
    "huge": (lambda: sign(header(), claims(name="x" * MAX_BYTES)), "token_malformed"),
    "huge header": (lambda: sign(header(kid="x" * 600), claims()), "token_malformed"),
    "header is a list": (lambda: sign(["alg"], claims()), "token_malformed"),
    "header is nested deeply": (lambda: sign(b"[" * 300, claims()), "token_malformed"),
    "claims are a list": (lambda: sign(header(), []), "token_malformed"),
    "claims are no JSON": (lambda: sign(header(), b"{"), "token_malformed"),
    "claims are nested deeply": (lambda: sign(header(), b"[" * 3000), "token_malformed"),
    "claims are empty": (lambda: sign(header(), b""), "token_malformed"),
    # headers that say where a key is, or that something must be understood
    "embedded jwk": (embedded_key, "token_malformed"),
    "jku": (lambda: sign(header(jku="https://evil.test/jwks"), claims()), "token_malformed"),
    "x5u": (lambda: sign(header(x5u="https://evil.test/x5"), claims()), "token_malformed"),
    "x5c": (lambda: sign(header(x5c=["AAAA"]), claims()), "token_malformed"),
    "crit": (lambda: sign(header(crit=["exp"]), claims()), "token_malformed"),
    "unencoded payload": (
        lambda: sign(header(b64=False, crit=["b64"]), claims()),
        "token_malformed",
    ),
    # algorithms
    "none": (lambda: f"{b64(header(alg='none'))}.{b64(claims())}.", "token_algorithm"),
    "None": (lambda: f"{b64(header(alg='nOnE'))}.{b64(claims())}.", "token_algorithm"),
    "none with a signature": (lambda: sign(header(alg="none"), claims()), "token_algorithm"),
    "no algorithm": (lambda: sign(header(alg=None), claims()), "token_malformed"),
    "algorithm is a list": (lambda: sign(header(alg=["RS256"]), claims()), "token_algorithm"),
    "HMAC with the public key": (
        lambda: sign_hmac(header(alg="HS256"), claims(), secret=public_pem()),
        "token_algorithm",
    ),
    "HMAC under RS256's name": (
        lambda: sign_hmac(header(), claims(), secret=public_pem()),
        "token_signature",
    ),
    "PS256": (lambda: jwt_encode("PS256"), "token_algorithm"),
    "RS512": (lambda: jwt_encode("RS512"), "token_algorithm"),
    # types
    "an id token": (lambda: sign(header(typ="JWT"), claims()), "token_type"),
    "no type": (lambda: sign(header(typ=None), claims()), "token_type"),
    "type is a number": (lambda: sign(header(typ=1), claims()), "token_type"),
    "a logout token": (lambda: sign(header(typ="logout+jwt"), claims()), "token_type"),
    # keys
    "unknown key": (lambda: sign(header(kid="other"), claims(), by="other"), "token_key_unknown"),
    "no key named": (lambda: sign(header(kid=None), claims()), "token_key_unknown"),
    "key is a path": (lambda: sign(header(kid="../../dev/null"), claims()), "token_key_unknown"),
    "key is a number": (lambda: sign(header(kid=0), claims()), "token_key_unknown"),
    # signatures
    "another key under our name": (
        lambda: sign(header(), claims(), by="attacker"),
        "token_signature",
    ),
    "no signature": (lambda: f"{b64(header())}.{b64(claims())}.", "token_signature"),
    "another subject": (lambda: tampered(sub="usr_admin"), "token_signature"),
    "another header": (
        lambda: ".".join([b64(header(typ="AT+JWT")), *sign(header(), claims()).split(".")[1:]]),
        "token_signature",
    ),
    # issuers
    "another issuer": (lambda: sign(header(), claims(iss="https://evil.test")), "token_issuer"),
    "issuer with a slash": (lambda: sign(header(), claims(iss=ISSUER + "/")), "token_issuer"),
    "issuer in capitals": (lambda: sign(header(), claims(iss=ISSUER.upper())), "token_issuer"),
    "issuer's prefix": (lambda: sign(header(), claims(iss=ISSUER[:-1])), "token_issuer"),
    # audiences
    "another workspace": (
        lambda: sign(header(), claims(aud=["https://globex.example.com/mcp"])),
        "token_audience",
    ),
    "audience as prefix": (
        lambda: sign(header(), claims(aud=AUDIENCE.removesuffix("/mcp"))),
        "token_audience",
    ),
    "audience with more": (lambda: sign(header(), claims(aud=AUDIENCE + "/x")), "token_audience"),
    "audience with a slash": (lambda: sign(header(), claims(aud=AUDIENCE + "/")), "token_audience"),
    "a host that ends alike": (
        lambda: sign(header(), claims(aud="https://evil-acme.example.com/mcp")),
        "token_audience",
    ),
    "two audiences in one text": (
        lambda: sign(header(), claims(aud=f"{AUDIENCE} https://globex.example.com/mcp")),
        "token_audience",
    ),
    # times
    "expired": (lambda: sign(header(), claims(exp=TIME - 30)), "token_expired"),
    "long expired": (lambda: sign(header(), claims(exp=0)), "token_expired"),
    "not yet": (lambda: sign(header(), claims(nbf=TIME + 31)), "token_not_yet_valid"),
    "from the future": (lambda: sign(header(), claims(iat=TIME + 31)), "token_not_yet_valid"),
    # claims that are missing or that are not what they must be
    **{
        f"no {name}": (
            lambda name=name: sign(header(), claims(**{name: None})),
            "token_claims_missing",
        )
        for name in ("iss", "sub", "aud", "exp", "iat", "jti", "client_id")
    },
    **{
        f"{name} is {value!r}": (
            lambda name=name, value=value: sign(header(), claims(**{name: value})),
            "token_claims_missing",
        )
        for name, value in (
            ("exp", "9999999999"),
            ("exp", True),
            ("exp", float("inf")),
            ("exp", float("nan")),
            ("exp", 1e300),
            ("exp", -1),
            ("nbf", "0"),
            ("iat", {}),
            ("sub", ""),
            ("sub", 7),
            ("sub", ["usr_a"]),
            ("aud", []),
            ("aud", [AUDIENCE, 1]),
            ("aud", {AUDIENCE: True}),
            ("jti", 1),
            ("client_id", []),
            ("scope", ["sql:run"]),
        )
    },
}


def jwt_encode(algorithm: str) -> str:
    return jwt.encode(header(alg=algorithm), claims(), key(), algorithms=[algorithm])


@pytest.mark.parametrize(
    ("make", "code"), [pytest.param(*attack, id=name) for name, attack in ATTACKS.items()]
)
def test_a_token_that_should_not_count_is_refused_with_its_reason(make, code):
    assert refusal(make()) == code


def test_a_good_token_says_who_asks_for_what():
    found = check(sign(header(), claims(scope="workspace:read sql:run new:scope")))

    assert (found.issuer, found.subject, found.token_id) == (ISSUER, "usr_a", "tok_a")
    assert found.audience == {AUDIENCE}
    assert found.client_id == "claude"
    assert found.scopes == {Scope.WORKSPACE_READ, Scope.SQL_RUN}
    assert (found.issued_at, found.expires_at) == (NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_a_type_counts_in_every_spelling_of_its_media_type(kind):
    assert check(sign(header(typ=kind), claims())).subject == "usr_a"


def test_an_audience_may_be_one_text_or_several():
    several = [AUDIENCE, "https://globex.example.com/mcp"]

    assert check(sign(header(), claims(aud=AUDIENCE))).audience == {AUDIENCE}
    assert check(sign(header(), claims(aud=several))).audience == set(several)


def test_a_caller_may_compare_the_audience_itself():
    token = sign(header(), claims(aud="https://elsewhere.test"))

    assert check(token, audience=None).audience == {"https://elsewhere.test"}


def test_clocks_may_differ_by_thirty_seconds():
    assert check(sign(header(), claims(exp=TIME - 29))).token_id == "tok_a"
    assert check(sign(header(), claims(iat=TIME + 30, nbf=TIME + 30))).token_id == "tok_a"


def test_a_token_without_scopes_has_none():
    assert check(sign(header(), claims(scope=None))).scopes == frozenset()


def test_what_the_manager_signs_counts():
    token = jwt.encode(header(), claims(), key(), algorithms=["RS256"])

    assert check(token).subject == "usr_a"


@given(st.text() | st.binary().map(b64) | st.from_regex(r"[\w-]{0,40}(\.[\w-]{0,40}){0,4}"))
def test_nothing_but_a_refusal_comes_of_any_text(text):
    assert refusal(text).startswith("token_")


@given(
    st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "b64", "crit", "jwk", "x"]),
        st.sampled_from(["RS256", "at+jwt", "ours", "none"])
        | st.recursive(st.none() | st.booleans() | st.integers(), st.lists, max_leaves=3),
    )
)
def test_nothing_but_a_refusal_comes_of_any_header_that_we_did_not_sign(head):
    assert refusal(f"{b64(head)}.{b64(claims())}.{b64(b'x' * 256)}").startswith("token_")
