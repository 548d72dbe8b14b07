"""A reader is asked about again: soon after a change, else now and then, and fails closed."""

import pytest

from overset.chat.watch import CHANGED_SECONDS, LOOK_SECONDS, TRUSTED_SECONDS, Watch
from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.errors import Forbidden, NotFound, Refusal, Unavailable

pytestmark = pytest.mark.anyio
CHANGE = Change(seq=1, kind=ChangeKind.MEMBER)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Door:
    """Lets a reader in, or refuses; with a watch over them and its clock."""

    def __init__(self) -> None:
        self.now = 100.0
        self.refusal: Refusal | None = None
        self.asked = 0
        self.feed = MemoryFeed()
        self.watch = Watch(self.check, self.feed, clock=lambda: self.now)

    async def check(self) -> None:
        self.asked += 1
        if self.refusal is not None:
            raise self.refusal

    async def after(self, seconds: float) -> bool:
        """Say whether an event that comes after so long is told."""
        self.now += seconds
        return not self.watch.is_due() or await self.watch.may_go_on()


async def test_between_two_looks_nobody_is_asked():
    door = Door()
    assert [await door.after(0.1) for _ in range(40)] == [True] * 40
    assert door.asked == 0
    assert await door.after(LOOK_SECONDS)
    assert await door.after(0.1)
    assert door.asked == 1


@pytest.mark.parametrize("refusal", [Forbidden("gate_off"), NotFound("thread_unknown")])
async def test_who_may_read_no_longer_is_told_nothing_more_after_the_next_look(refusal):
    door = Door()
    door.refusal = refusal
    assert not await door.after(LOOK_SECONDS)


async def test_a_change_at_the_manager_is_looked_at_at_once():
    door = Door()
    assert await door.after(CHANGED_SECONDS)
    door.refusal = Forbidden("not_a_member")
    door.feed.publish(CHANGE)
    assert not await door.after(0)


async def test_many_changes_are_one_look_a_second():
    door = Door()
    for _ in range(30):
        door.feed.publish(CHANGE)
        assert await door.after(0.1)
    assert door.asked <= 3


async def test_while_nobody_can_tell_the_last_answer_counts_for_a_minute():
    door = Door()
    assert await door.after(LOOK_SECONDS)
    door.refusal = Unavailable("manager_unreachable")
    assert await door.after(TRUSTED_SECONDS - 1)
    assert not await door.after(LOOK_SECONDS)
