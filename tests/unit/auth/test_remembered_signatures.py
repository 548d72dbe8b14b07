"""A good signature is not computed again for a while; all the rest is judged each time."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from overset.auth.jwks import ManagerKeys
from overset.auth.jwt import Claims, Verifier
from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.errors import InvalidToken, Unavailable
from support.wire import Ticks, Wire

pytestmark = pytest.mark.anyio

ISSUER = "https://manager.example.com"
AUDIENCE = "https://acme.example.com/mcp"
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cache
def key(kid: str, generation: int) -> RSAKey:
    del generation  # tells two keys of one name apart
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


def public(kid: str, generation: int = 0) -> dict[str, Any]:
    return dict(key(kid, generation).as_dict(private=False))


class Bench:
    """A verifier whose keys are the manager's, and which counts the signatures it computes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wire = Wire()
        self.wire.manager.keys = [public("one")]
        self.feed = MemoryFeed()
        self.clock = Ticks()
        self.now = START
        self.computed = 0
        keys = ManagerKeys(self.wire.http, self.feed, clock=self.clock)
        self.verifier = Verifier(keys, issuer=ISSUER, now=lambda: self.now, clock=self.clock)
        stock = jws.validate_compact

        def counted(*given: Any, **options: Any) -> bool:
            self.computed += 1
            return stock(*given, **options)

        patch.setattr(jws, "validate_compact", counted)

    async def verify(self, token: str, *, audience: str | None = AUDIENCE) -> Claims:
        return await self.verifier.verify(token, audience=audience)

    async def refusal(self, token: str, **given: Any) -> str:
        with pytest.raises(InvalidToken) as refused:
            await self.verify(token, **given)
        return refused.value.code

    def change_keys(self, *keys: dict[str, Any]) -> None:
        self.wire.manager.keys = list(keys)
        self.feed.publish(Change(1, ChangeKind.KEY))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def token(kid: str = "one", **claims: Any) -> str:
    start = int(START.timestamp())
    said = {
        "iss": ISSUER,
        "sub": "usr_a",
        "aud": AUDIENCE,
        "iat": start,
        "exp": start + 600,
        "jti": "tok_a",
        "client_id": "client",
        **claims,
    }
    return jwt.encode({"alg": "RS256", "kid": kid, "typ": "at+jwt"}, said, key(kid, 0))


async def test_the_same_token_is_computed_once_and_says_the_same(bench: Bench):
    value = token()
    said = [await bench.verify(value) for _ in range(5)]

    assert bench.computed == 1
    assert {claims.token_id for claims in said} == {"tok_a"}


async def test_time_is_judged_each_time(bench: Bench):
    value = token(nbf=int(START.timestamp()) + 60)

    assert await bench.refusal(value) == "token_not_yet_valid"
    bench.now = START + timedelta(seconds=60)
    await bench.verify(value)
    bench.now = START + timedelta(seconds=630)
    assert await bench.refusal(value) == "token_expired"
    assert bench.computed == 1


async def test_audience_and_issuer_are_judged_each_time(bench: Bench):
    value, foreign = token(), token(iss="https://evil.test")
    await bench.verify(value)

    assert await bench.refusal(value, audience="https://globex.example.com/mcp") == "token_audience"
    for _ in range(2):
        assert await bench.refusal(foreign) == "token_issuer"


async def test_a_withdrawn_key_takes_its_signatures_along(bench: Bench):
    value = token()
    await bench.verify(value)
    bench.change_keys(public("two"))

    assert await bench.refusal(value) == "token_key_unknown"


async def test_another_key_under_the_same_name_knows_nothing_of_them(bench: Bench):
    value = token()
    await bench.verify(value)
    bench.change_keys(public("one", 1))

    assert await bench.refusal(value) == "token_signature"


async def test_keys_that_changed_and_cannot_be_asked_for_open_nothing(bench: Bench):
    value = token()
    await bench.verify(value)
    bench.change_keys(public("two"))
    bench.wire.cable.cut = True

    with pytest.raises(Unavailable):
        await bench.verify(value)


async def test_a_rotation_in_the_middle_of_a_session_is_not_noticed(bench: Bench):
    value = token()
    await bench.verify(value)
    bench.change_keys(public("one"), public("two"))

    await bench.verify(value)
    await bench.verify(token("two"))


async def test_a_signature_is_computed_again_after_a_minute(bench: Bench):
    value = token()
    await bench.verify(value)
    bench.clock.advance(61)
    await bench.verify(value)

    assert bench.computed == 2


async def test_what_was_refused_is_not_remembered_as_good(bench: Bench):
    head, claims, signature = token().split(".")
    forged = f"{head}.{claims}.{signature[:-8]}AAAAAAAA"

    for _ in range(3):
        assert await bench.refusal(forged) == "token_signature"
    await bench.verify(token())
    assert await bench.refusal(forged) == "token_signature"


async def test_a_good_token_with_other_claims_is_another_token(bench: Bench):
    value = token()
    await bench.verify(value)
    head, claims, _ = token(sub="usr_admin").split(".")

    assert await bench.refusal(f"{head}.{claims}.{value.split('.')[2]}") == "token_signature"
