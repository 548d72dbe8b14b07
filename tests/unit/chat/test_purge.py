"""The purge: what is deleted, untouched for long or nobody's any more goes, and nothing else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import anyio
import pytest
from langchain_core.messages import HumanMessage
from langgraph.graph import MessagesState, StateGraph

from overset.auth.access import DecidedMember, DecidedWorkspace
from overset.auth.memory import MemoryAccess
from overset.chat.checkpoints import Saver, open_checkpoints
from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.purge import Purge
from overset.chat.threads.housekeeping import Housekeeping
from overset.chat.threads.leases_database import DatabaseLeases
from overset.chat.threads.model import Reader, ThreadId, Who, new_turn_id
from overset.chat.threads.service import ThreadService
from overset.kernel.changes import Change, ChangeKind
from overset.kernel.database import Database
from overset.kernel.errors import NotFound, Unavailable
from overset.kernel.ids import TeamId, UserId, WorkspaceId
from overset.kernel.settings import Settings
from support.chat import ADA, ADA_ELSEWHERE, BOB, EVE, eventually
from support.manager import Clock

pytestmark = pytest.mark.anyio

DAYS = 90
SECONDS = 20


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class LostAccess(MemoryAccess):
    """Memberships at a manager that may be down."""

    is_down = False

    async def decide_sign_in(self, **question):
        if self.is_down:
            raise Unavailable("manager_unreachable")
        return await super().decide_sign_in(**question)


@dataclass
class Bench:
    """A purge, and what it works on."""

    purge: Purge
    threads: ThreadService
    saver: Saver
    access: LostAccess
    log: MemoryEventLog
    clock: Clock

    async def write(self, who: Who, text: str = "hello") -> ThreadId:
        """Write in a new thread, and return it."""
        thread = self.threads.note_message(who, self.threads.create(who).id, text=text)
        await self.say(thread.id)
        return thread.id

    async def say(self, thread_id: ThreadId) -> None:
        """Leave a checkpoint, as a turn does."""
        graph = StateGraph(MessagesState)
        graph.add_node("answer", lambda _: {})
        graph.set_entry_point("answer")
        agent = graph.compile(checkpointer=self.saver)
        config = {"configurable": {"thread_id": thread_id}}
        await agent.ainvoke({"messages": [HumanMessage("hello")]}, config)

    async def kept(self) -> set[ThreadId]:
        """Return the threads that have checkpoints."""
        found = [one async for one in self.saver.alist(None)]
        return {ThreadId(one.config["configurable"]["thread_id"]) for one in found}

    async def until(self, kept: set[ThreadId]) -> None:
        """Wait until these threads alone have checkpoints."""

        async def are_kept() -> bool:
            return await self.kept() == kept

        await eventually(are_kept)


def join(access: MemoryAccess, *members: Who) -> None:
    for who in members:
        place = DecidedWorkspace(who.workspace_id, who.workspace_id[3:], "", "active", TeamId("t"))
        access.put_workspace(place)
        access.put_member(
            who.workspace_id, DecidedMember(who.user_id, "a@example.com", who.name, "Admin")
        )


@pytest.fixture
async def bench(
    chat_settings: Settings, chat_database: Database, clock: Clock
) -> AsyncIterator[Bench]:
    access, log = LostAccess(), MemoryEventLog()
    join(access, ADA, BOB, ADA_ELSEWHERE, EVE)
    async with open_checkpoints(chat_settings) as saver:
        purge = Purge(
            Housekeeping(chat_database, clock),
            leases=DatabaseLeases(chat_database),
            saver=saver,
            log=log,
            access=access,
            days=DAYS,
        )
        yield Bench(purge, ThreadService(chat_database, clock), saver, access, log, clock)


def is_there(bench: Bench, who: Who, thread_id: ThreadId) -> bool:
    try:
        return bench.threads.get(who, thread_id).id == thread_id
    except NotFound:
        return False


async def test_what_nobody_touched_for_long_goes_with_its_messages(bench: Bench) -> None:
    old = await bench.write(ADA)
    touched = await bench.write(ADA)
    bench.clock.advance(timedelta(days=DAYS - 1))
    bench.threads.note_message(ADA, touched, text="again")
    await bench.purge.sweep()
    before = await bench.kept()
    bench.clock.advance(timedelta(days=1, seconds=1))

    await bench.purge.sweep()

    assert before == {old, touched}
    assert await bench.kept() == {touched}
    assert (is_there(bench, ADA, old), is_there(bench, ADA, touched)) == (False, True)


async def test_of_what_is_kept_the_last_state_alone_stays(bench: Bench) -> None:
    thread_id, busy = await bench.write(ADA), await bench.write(BOB)

    async with bench.purge.leases.hold(busy, new_turn_id(busy)):
        await bench.purge.sweep()

    states = [one.config["configurable"]["thread_id"] async for one in bench.saver.alist(None)]
    assert states.count(thread_id) == 1
    assert states.count(busy) > 1


async def test_a_thread_in_which_nobody_wrote_goes_after_a_day(bench: Bench) -> None:
    empty, written = bench.threads.create(ADA).id, await bench.write(ADA)
    bench.clock.advance(timedelta(hours=23))
    await bench.purge.sweep()
    before = is_there(bench, ADA, empty)
    bench.clock.advance(timedelta(hours=2))

    await bench.purge.sweep()

    assert before
    assert (is_there(bench, ADA, empty), is_there(bench, ADA, written)) == (False, True)


async def test_a_deleted_thread_s_turn_is_stopped_and_its_messages_go(bench: Bench) -> None:
    thread_id, other = await bench.write(ADA), await bench.write(BOB)
    stops = bench.log.stops()

    async with bench.purge.leases.hold(thread_id, new_turn_id(thread_id)):
        thread = bench.threads.delete(ADA, thread_id)
        bench.purge.hurry(thread)
        with anyio.fail_after(SECONDS):
            assert await anext(stops) == thread.turn_id
        await bench.say(thread_id)  # the turn's last words

    await bench.until({other})


async def test_a_deletion_that_was_cut_off_is_done_by_the_next_sweep(bench: Bench) -> None:
    thread_id, other = await bench.write(ADA), await bench.write(BOB)
    bench.threads.delete(ADA, thread_id)
    before = await bench.kept()

    await bench.purge.sweep()

    assert before == {thread_id, other}
    assert await bench.kept() == {other}


async def test_the_threads_of_who_is_gone_are_kept_for_a_week(bench: Bench) -> None:
    gone, stays, elsewhere = [await bench.write(who) for who in (ADA, BOB, ADA_ELSEWHERE)]
    bench.access.remove_member(ADA.workspace_id, ADA.user_id)
    await bench.purge.sweep()
    bench.clock.advance(timedelta(days=6))
    await bench.purge.sweep()
    before = await bench.kept()
    bench.clock.advance(timedelta(days=2))

    await bench.purge.sweep()

    assert before == {gone, stays, elsewhere}
    assert await bench.kept() == {stays, elsewhere}


async def test_who_comes_back_within_a_week_has_everything(bench: Bench) -> None:
    thread_id = await bench.write(ADA)
    bench.access.remove_member(ADA.workspace_id, ADA.user_id)
    await bench.purge.sweep()
    bench.clock.advance(timedelta(days=6))
    join(bench.access, ADA)
    await bench.purge.sweep()
    bench.clock.advance(timedelta(days=6))

    await bench.purge.sweep()

    assert is_there(bench, ADA, thread_id)


async def test_who_is_gone_reads_what_others_shared_no_more(bench: Bench) -> None:
    shared, elsewhere = await bench.write(ADA), await bench.write(ADA_ELSEWHERE)
    bench.threads.share(ADA, shared, Reader(BOB.user_id, "Bob"))
    bob_elsewhere = Who(EVE.workspace_id, BOB.user_id, "Bob")
    join(bench.access, bob_elsewhere)
    bench.threads.share(ADA_ELSEWHERE, elsewhere, Reader(BOB.user_id, "Bob"))
    bench.access.remove_member(BOB.workspace_id, BOB.user_id)

    async with bench.purge.running():
        bench.purge.hear(
            Change(1, ChangeKind.MEMBER, workspace_id=BOB.workspace_id, user_id=BOB.user_id)
        )

        async def is_out() -> bool:
            return not is_there(bench, BOB, shared)

        await eventually(is_out)

    assert is_there(bench, bob_elsewhere, elsewhere)
    assert bench.threads.list_readers(ADA, shared) == []


@pytest.mark.parametrize("state", ["suspended", "provisioning"])
async def test_a_suspended_workspace_keeps_its_threads(bench: Bench, state: str) -> None:
    thread_id = await bench.write(ADA)
    bench.access.set_state(ADA.workspace_id, state)
    await bench.purge.sweep()
    bench.clock.advance(timedelta(days=30))

    await bench.purge.sweep()

    assert is_there(bench, ADA, thread_id)


async def test_a_disabled_user_keeps_their_threads(bench: Bench) -> None:
    thread_id = await bench.write(ADA)
    bench.access.disable(ADA.user_id)
    await bench.purge.sweep()
    bench.clock.advance(timedelta(days=30))

    await bench.purge.sweep()

    assert is_there(bench, ADA, thread_id)


async def test_while_the_manager_is_down_nothing_goes(bench: Bench) -> None:
    thread_id = await bench.write(ADA)
    bench.access.is_down = True
    bench.clock.advance(timedelta(days=DAYS + 1))

    with pytest.raises(Unavailable):
        await bench.purge.sweep()

    assert is_there(bench, ADA, thread_id)
    assert await bench.kept() == {thread_id}


@pytest.mark.parametrize(
    "change",
    [
        None,
        Change(1, ChangeKind.GATE),
        Change(1, ChangeKind.MEMBER),
        Change(1, ChangeKind.MEMBER, workspace_id=WorkspaceId("ws_acme")),
        Change(1, ChangeKind.MEMBER, user_id=UserId("usr_ada")),
    ],
)
async def test_other_changes_end_nothing(bench: Bench, change: Change | None) -> None:
    thread_id = await bench.write(ADA)

    async with bench.purge.running():
        bench.purge.hear(change)
        await anyio.sleep(0.05)

    assert is_there(bench, ADA, thread_id)
