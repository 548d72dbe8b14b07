"""A turn's events reach its log in order, and pieces of text in few of them."""

import asyncio

import pytest

from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.events import Final, Finalize, Reason, Token
from overset.chat.teller import Teller
from overset.chat.threads.model import new_thread_id, new_turn_id

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def token(text, message_id="m1"):
    return Token(message_id=message_id, text=text)


async def read(log, turn_id):
    return [event async for _, event in log.read(turn_id, after=None)]


async def test_pieces_are_gathered_and_nothing_is_lost_or_out_of_order():
    log, turn_id = MemoryEventLog(), new_turn_id(new_thread_id())
    teller = Teller(log, turn_id)
    final = Final(message_id="m1", text="x")
    for number in range(500):
        teller.say(token(f"{number} "))
        if number % 100 == 0:
            await asyncio.sleep(0)
    teller.say(token("other", "m2"))
    teller.say(final)
    teller.say(token("more", "m2"))
    teller.say(Finalize(reason=Reason.DONE))
    await teller.close()

    events = await read(log, turn_id)
    assert len(events) < 20
    first = "".join(one.text for one in events if one.type == "token" and one.message_id == "m1")
    assert first == "".join(f"{number} " for number in range(500))
    assert events[-4:] == [
        token("other", "m2"),
        final,
        token("more", "m2"),
        Finalize(reason=Reason.DONE),
    ]


async def test_the_first_piece_waits_for_none(monkeypatch):
    monkeypatch.setattr("overset.chat.teller.GATHERED_SECONDS", 3600)
    log, turn_id = MemoryEventLog(), new_turn_id(new_thread_id())
    teller = Teller(log, turn_id)
    teller.say(token("a"))
    async with asyncio.timeout(10):
        assert await anext(log.read(turn_id, after=None)) == ("1", token("a"))
        await teller.close()


class BrokenLog(MemoryEventLog):
    """Takes every second event."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def append(self, turn_id, event):
        self.asked += 1
        if self.asked % 2:
            raise ConnectionError
        await super().append(turn_id, event)


async def test_a_log_that_fails_ends_nothing():
    log, turn_id = BrokenLog(), new_turn_id(new_thread_id())
    teller = Teller(log, turn_id)
    for kind in (Reason.DONE, Reason.DONE):
        teller.say(Finalize(reason=kind))
    await teller.close()
    assert len(await read(log, turn_id)) == 1
