"""Tokens that an attacker would send to a running platform, at both doors: MCP's and the manager's.

Each attack starts from a token that counts, and is signed with the platform's own key unless the
key is the point: what is refused is refused for the one thing that was changed.
"""

import base64
import json
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import padding
from joserfc.jwk import RSAKey

from support.deployment import Platform
from support.processes import wait_until

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
ATTACKER = RSAKey.generate_key(2048)


class Forge:
    """A token that counts, taken apart, to be put together otherwise."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.issued = platform.token(user_id=platform.new_member())
        head, claims, self.signature = self.issued.split(".")
        self.head, self.claims = decode(head), decode(claims)
        self.key = platform.manager.keys.signer().key
        self.now = int(time.time())

    def make(
        self, *, head: dict | None = None, claims: dict | None = None, key: RSAKey | None = None
    ) -> str:
        """Sign with `head` and `claims` changed; None leaves a member out."""
        message = self.message(head=head, claims=claims)
        private = (key or self.key).private_key
        signature = private.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{message}.{encode(signature)}"

    def message(self, *, head: dict | None = None, claims: dict | None = None) -> str:
        """Return what would be signed."""
        changed = ({**self.head, **(head or {})}, {**self.claims, **(claims or {})})
        parts = [{k: v for k, v in part.items() if v is not None} for part in changed]
        return ".".join(encode(json.dumps(part).encode()) for part in parts)

    def hmac(self, secret: bytes, *, alg: str = "HS256") -> str:
        """Sign with a secret that everybody can make from the public key."""
        message = self.message(head={"alg": alg})
        mac = hmac.HMAC(secret, hashes.SHA256())
        mac.update(message.encode())
        return f"{message}.{encode(mac.finalize())}"

    def attack_claims(self, **changed: Any) -> str:
        """Return it with claims that the issuer never wrote, but its signature."""
        head, _, signature = self.issued.split(".")
        return f"{head}.{encode(json.dumps({**self.claims, **changed}).encode())}.{signature}"


def decode(part: str) -> dict[str, Any]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_jwk(key: RSAKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": "attacker", "alg": "RS256", "use": "sig"}


ATTACKS: dict[str, tuple[Callable[[Forge], str], str]] = {
    "wrong key": (lambda f: f.make(key=ATTACKER), "token_signature"),
    "unknown kid": (
        lambda f: f.make(key=ATTACKER, head={"kid": "attacker"}),
        "token_key_unknown",
    ),
    "kid is a path": (
        lambda f: f.make(key=ATTACKER, head={"kid": "../../../../dev/null"}),
        "token_key_unknown",
    ),
    "kid is SQL": (
        lambda f: f.make(key=ATTACKER, head={"kid": "' UNION SELECT 'x'--"}),
        "token_key_unknown",
    ),
    "kid is a URL": (
        lambda f: f.make(key=ATTACKER, head={"kid": "http://127.0.0.1:1/jwks.json"}),
        "token_key_unknown",
    ),
    "embedded jwk": (
        lambda f: f.make(key=ATTACKER, head={"jwk": public_jwk(ATTACKER)}),
        "token_malformed",
    ),
    "jku": (
        lambda f: f.make(key=ATTACKER, head={"jku": "http://127.0.0.1:1/jwks.json"}),
        "token_malformed",
    ),
    "wrong issuer": (lambda f: f.make(claims={"iss": "http://evil.test"}), "token_issuer"),
    "wrong audience": (
        lambda f: f.make(claims={"aud": [f.platform.settings.mcp_url("globex")]}),
        "token_audience",
    ),
    "audience is the platform": (
        lambda f: f.make(claims={"aud": [f.platform.settings.issuer]}),
        "token_audience",
    ),
    "alg none": (lambda f: f.message(head={"alg": "none"}) + ".", "token_algorithm"),
    "alg nOnE": (lambda f: f.message(head={"alg": "nOnE"}) + ".", "token_algorithm"),
    "no signature": (lambda f: f.message() + ".", "token_signature"),
    "HS256 with the public key": (
        lambda f: f.hmac(f.key.as_pem(private=False)),
        "token_algorithm",
    ),
    "HMAC under RS256's name": (
        lambda f: f.hmac(f.key.as_pem(private=False), alg="RS256"),
        "token_signature",
    ),
    "expired": (lambda f: f.make(claims={"exp": f.now - 60}), "token_expired"),
    "not yet valid": (lambda f: f.make(claims={"nbf": f.now + 600}), "token_not_yet_valid"),
    "issued in the future": (lambda f: f.make(claims={"iat": f.now + 600}), "token_not_yet_valid"),
    "an ID token": (lambda f: f.make(head={"typ": "JWT"}), "token_type"),
    "no type": (lambda f: f.make(head={"typ": None}), "token_type"),
    "somebody else's subject": (
        lambda f: f.attack_claims(sub=f.platform.user("Admin")),
        "token_signature",
    ),
    "never issued": (lambda f: f.make(claims={"jti": "tok_" + "a" * 26}), "token_unknown"),
    "signed for somebody else": (
        lambda f: f.make(claims={"sub": f.platform.user("Admin")}),
        "token_unknown",
    ),
    "for another client": (lambda f: f.make(claims={"client_id": "another"}), "token_unknown"),
    "no jti": (lambda f: f.make(claims={"jti": None}), "token_claims_missing"),
    "huge": (lambda f: f.make(claims={"name": "x" * 10_000}), "token_malformed"),
    "enormous": (lambda f: "x" * 40_000, "token_malformed"),
    "two tokens": (lambda f: f"{f.issued} {f.issued}", "token_malformed"),
}


def challenged(response: httpx.Response, code: str) -> None:
    assert (response.status_code, response.json()["code"]) == (401, code), response.text
    assert response.headers["www-authenticate"].startswith('Bearer error="invalid_token"')
    assert "resource_metadata=" in response.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("make", "code"), [pytest.param(*attack, id=name) for name, attack in ATTACKS.items()]
)
def test_a_forged_token_opens_nothing(platform, make, code):
    token = make(Forge(platform))

    challenged(platform.post(PING, token=token, host="acme.localhost"), code)
    neutral = platform.post(PING, token=token)
    assert neutral.status_code in {400, 401, 404}, neutral.text


def test_the_token_that_the_attacks_begin_with_counts(platform):
    forge = Forge(platform)

    assert platform.post(PING, token=forge.issued, host="acme.localhost").status_code == 200
    assert platform.post(PING, token=forge.make(), host="acme.localhost").status_code == 200


def test_claims_signed_by_our_own_key_do_not_reach_a_workspace_that_was_not_granted(platform):
    """Were the signing key misused to widen `aud`, the manager's record still decides."""
    forge = Forge(platform)
    platform.manager.members.put("globex", forge.claims["sub"], role="Admin")
    wide = forge.make(claims={"aud": [platform.settings.mcp_url("globex")]})

    at_host = platform.post(PING, token=wide, host="globex.localhost")

    assert (at_host.status_code, at_host.json()["code"]) == (403, "not_a_member")


def test_a_token_that_has_just_expired_says_so_whatever_was_decided_before(platform):
    user = platform.new_member()
    token = platform.token(user_id=user, ttl=timedelta(seconds=2))
    assert platform.post(PING, token=token).status_code == 200

    ended = wait_until(lambda: (r := platform.post(PING, token=token)).status_code != 200 and r, 5)

    challenged(ended, "token_expired")
    fresh = platform.token(user_id=user, ttl=timedelta(seconds=1))
    wait_until(lambda: decode(fresh.split(".")[1])["exp"] < time.time(), 5)
    challenged(platform.post(PING, token=fresh), "token_expired")


def test_a_revoked_token_opens_nothing(platform):
    issued = platform.manager.tokens.issue(platform.new_member(), workspaces=["acme"])
    platform.manager.tokens.revoke(issued.token.id)

    challenged(platform.post(PING, token=issued.value), "token_revoked")


@pytest.mark.parametrize("end", ["delete", "disable"])
def test_the_token_of_a_user_who_is_gone_opens_nothing(platform, end):
    user = platform.new_member()
    token = platform.token(user_id=user)
    if end == "delete":
        platform.manager.users.delete(user)
    else:
        platform.manager.users.update(user, active=False)

    challenged(platform.post(PING, token=token), "user_disabled")


def test_a_token_in_the_url_is_refused_even_beside_a_good_one(platform):
    token = platform.token()

    for sent in ({}, {"token": token}):
        response = platform.post(PING, path=f"/mcp?access_token={token}", **sent)
        assert (response.status_code, response.json()["code"]) == (400, "token_in_query")
    assert token not in platform.process.output()


def test_two_authorization_headers_are_refused(platform):
    good, bad = f"Bearer {platform.token()}", "Bearer x"

    for pair in ((good, bad), (bad, good), (good, good)):
        response = httpx.post(
            platform.url, json=PING, headers=[("Authorization", one) for one in pair]
        )
        assert (response.status_code, response.json()["code"]) == (400, "authorization_repeated")


@pytest.mark.parametrize("place", ["cookie", "body", "X-Access-Token", "Proxy-Authorization"])
def test_a_token_anywhere_but_in_its_header_is_no_token(platform, place):
    token = platform.token()
    headers = {} if place in {"cookie", "body"} else {place: f"Bearer {token}"}
    if place == "cookie":
        headers = {"Cookie": f"access_token={token}; Authorization=Bearer {token}"}
    body = {**PING, "access_token": token} if place == "body" else PING

    response = platform.post(body, headers=headers)

    assert (response.status_code, response.json()["code"]) == (401, "token_missing")


def operator_token(platform: Platform) -> str:
    email = f"operator-{secrets.token_hex(4)}@example.com"
    user = platform.manager.users.create(email, operator=True)
    platform.manager.members.put("acme", user.id, role="Admin")
    return platform.manager.tokens.issue(user.id).value


def test_a_managers_token_is_worthless_at_mcp(platform):
    token = operator_token(platform)

    challenged(platform.post(PING, token=token, host="acme.localhost"), "token_audience")
    named = platform.post(PING, token=token, headers={"X-Workspace-Id": "acme"})
    challenged(named, "token_audience")
    challenged(platform.post(PING, token=token), "token_audience")


def test_an_mcp_token_is_worthless_at_the_manager(platform):
    user = platform.new_member()
    platform.manager.users.update(user, operator=True)
    token = platform.token(user_id=user)

    def ask(bearer: str) -> int:
        return platform.post(
            method="GET", path="/api/v1/workspaces", host="localhost", token=bearer
        ).status_code

    assert ask(token) == 401
    assert ask(operator_token(platform)) == 200


@pytest.mark.parametrize(
    "attack",
    [
        "HS256 with the public key",
        "alg none",
        "an ID token",
        "embedded jwk",
        "expired",
        "kid is a path",
        "never issued",
        "wrong issuer",
        "wrong key",
    ],
)
def test_a_forged_token_opens_nothing_at_the_manager(platform, attack):
    forge = Forge(platform)
    forge.claims = decode(operator_token(platform).split(".")[1])

    response = platform.post(
        method="GET", path="/api/v1/users", host="localhost", token=ATTACKS[attack][0](forge)
    )

    assert response.status_code == 401, response.status_code
    assert "@example.com" not in response.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "acme.localhost", "api.localhost"])
def test_the_managers_internal_api_is_shut_to_every_token_of_people(platform, host):
    for token in (platform.token(), operator_token(platform), None):
        response = platform.post(
            method="GET", path="/internal/v1/workspaces/globex", host=host, token=token
        )
        assert response.status_code in {401, 404}, response.text
        assert "ws_" not in response.text


def test_a_workspace_made_again_under_an_old_name_honours_no_old_token(platform):
    slug = f"again-{secrets.token_hex(4)}"
    user = platform.new_member()
    platform.manager.workspaces.create(slug, team="tests")
    platform.manager.members.put(slug, user, role="Admin")
    old = platform.token(slug, user_id=user)
    assert platform.post(PING, token=old).status_code == 200

    platform.manager.workspaces.delete(slug)
    platform.manager.workspaces.create(slug, team="tests")
    platform.manager.members.put(slug, user, role="Admin")
    new = platform.token(slug, user_id=user)

    try:
        host = f"{slug}.localhost"
        wait_until(lambda: platform.post(PING, token=new).status_code == 200, 1)
        wait_until(lambda: platform.post(PING, token=old, host=host).status_code != 200, 1)
        at_host = platform.post(PING, token=old, host=host)
        assert (at_host.status_code, at_host.json()["code"]) == (403, "not_a_member")
        assert platform.post(PING, token=old).status_code == 404
    finally:
        platform.manager.workspaces.delete(slug)
