"""Keys are found at the manager, seldom asked for, and gone when it says so."""

import asyncio
from functools import cache
from typing import Any

import anyio
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from overset.auth.jwks import ManagerKeys
from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.errors import Unavailable
from support.wire import Ticks, Wire, eventually

pytestmark = pytest.mark.anyio


@cache
def jwk(kid: str, **parameters: Any) -> dict[str, Any]:
    key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256", **parameters})
    return dict(key.as_dict(private=False))


class Bench:
    """A manager with keys, and what finds them."""

    def __init__(self, *kids: str) -> None:
        self.wire = Wire()
        self.wire.manager.keys = [jwk(kid) for kid in kids]
        self.feed = MemoryFeed()
        self.clock = Ticks()
        self.keys = ManagerKeys(self.wire.http, self.feed, clock=self.clock)

    @property
    def asked(self) -> int:
        return self.wire.manager.asked["jwks"]

    def rotate(self, *kids: str) -> None:
        self.wire.manager.keys = [jwk(kid) for kid in kids]

    def tell(self) -> None:
        self.feed.publish(Change(1, ChangeKind.KEY))


async def test_keys_are_asked_for_once_and_found_many_times():
    bench = Bench("one", "two")
    for kid in ("one", "two", "one"):
        found = await bench.keys.find_key(kid)
        assert found is not None
        assert found.as_dict(private=False)["n"] == jwk(kid)["n"]

    assert bench.asked == 1


async def test_made_up_ids_cause_no_storm():
    bench = Bench("one")
    await bench.keys.find_key("one")
    bench.clock.advance(3)
    async with anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(bench.keys.find_key, f"made-up-{number}")

    assert bench.asked == 2
    assert await bench.keys.find_key("made-up") is None


async def test_a_new_key_is_found_a_few_seconds_after_the_last_request():
    bench = Bench("one")
    await bench.keys.find_key("one")
    bench.rotate("one", "two")
    assert await bench.keys.find_key("two") is None
    bench.clock.advance(3)

    assert await bench.keys.find_key("two") is not None


async def test_a_new_key_is_found_at_once_when_the_manager_tells_of_it():
    bench = Bench("one")
    await bench.keys.find_key("one")
    bench.rotate("one", "two")
    bench.tell()

    assert await bench.keys.find_key("two") is not None


async def test_a_withdrawn_key_counts_no_longer_once_the_manager_tells_of_it():
    bench = Bench("one", "two")
    await bench.keys.find_key("one")
    bench.rotate("two")
    bench.tell()

    assert await bench.keys.find_key("one") is None


async def test_a_withdrawn_key_does_not_count_even_when_the_manager_is_gone_after_telling():
    bench = Bench("one")
    await bench.keys.find_key("one")
    bench.tell()
    bench.wire.cable.cut = True

    with pytest.raises(Unavailable):
        await bench.keys.find_key("one")


async def test_keys_that_were_on_their_way_when_they_changed_are_asked_for_again():
    bench = Bench("one")
    held = anyio.Event()
    bench.wire.manager.pause = held.wait
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.keys.find_key, "one")
        await eventually(lambda: bench.asked == 1)
        bench.rotate("two")
        bench.tell()
        held.set()

    assert await bench.keys.find_key("one") is None
    assert await bench.keys.find_key("two") is not None


async def test_keys_are_kept_as_long_as_the_manager_says():
    bench = Bench("one")
    bench.wire.manager.max_age = 60
    await bench.keys.find_key("one")
    bench.clock.advance(59)
    await bench.keys.find_key("one")
    assert bench.asked == 1
    bench.clock.advance(1)
    bench.rotate()

    assert await bench.keys.find_key("one") is None


async def test_known_keys_count_on_while_the_manager_is_away():
    bench = Bench("one")
    await bench.keys.find_key("one")
    bench.wire.cable.cut = True
    bench.clock.advance(4000)

    assert await bench.keys.find_key("one") is not None


async def test_while_the_manager_is_slow_a_known_key_waits_for_nobody_but_the_first():
    bench = Bench("one")
    await bench.keys.find_key("one")
    bench.clock.advance(4000)
    held = anyio.Event()
    bench.wire.manager.pause = held.wait
    first = asyncio.create_task(bench.keys.find_key("one"))
    await eventually(lambda: bench.asked == 2)

    assert await bench.keys.find_key("one") is not None

    held.set()
    assert await first is not None


async def test_an_unknown_key_is_no_refusal_while_the_manager_is_away():
    bench = Bench("one")
    bench.wire.cable.cut = True

    for _ in range(2):
        with pytest.raises(Unavailable) as refused:
            await bench.keys.find_key("one")
        assert refused.value.code == "manager_unreachable"

    bench.wire.cable.cut = False
    bench.clock.advance(1)
    assert await bench.keys.find_key("one") is not None


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: OctKey.generate_key(256, {"kid": "bad"}).as_dict(), id="symmetric"),
        pytest.param(lambda: ECKey.generate_key("P-256", {"kid": "bad"}).as_dict(), id="curve"),
        pytest.param(
            lambda: RSAKey.generate_key(2048, {"kid": "bad"}).as_dict(private=True), id="private"
        ),
        pytest.param(
            lambda: RSAKey.generate_key(1024, {"kid": "bad"}).as_dict(private=False), id="short"
        ),
        pytest.param(lambda: jwk("bad") | {"use": "enc"}, id="for encryption"),
        pytest.param(lambda: jwk("bad") | {"alg": "RS512"}, id="another algorithm"),
        pytest.param(lambda: jwk("bad") | {"n": "AA", "e": "!"}, id="not a number"),
        pytest.param(lambda: {"kid": "bad", "kty": "RSA"}, id="empty"),
        pytest.param(lambda: jwk("bad") | {"kid": 7}, id="id is a number"),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # of the short key itself
async def test_a_key_that_cannot_be_ours_is_none_and_hurts_no_other(make):
    bench = Bench("one")
    bench.wire.manager.keys.insert(0, make())

    assert await bench.keys.find_key("bad") is None
    assert await bench.keys.find_key("one") is not None


@pytest.mark.parametrize("keys", [None, 1, [1], ["x"]])
async def test_a_key_set_that_cannot_be_read_is_no_answer(keys):
    bench = Bench()
    bench.wire.manager.keys = keys

    with pytest.raises(Unavailable):
        await bench.keys.find_key("one")
