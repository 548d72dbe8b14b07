"""Checkpoints: kept on both kinds of database, deleted and pruned, and never code."""

import anyio
import ormsgpack
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.serde.jsonplus import EXT_CONSTRUCTOR_SINGLE_ARG
from langgraph.graph import MessagesState, StateGraph
from langgraph.types import Command, interrupt

from overset.chat.checkpoints import Saver, open_checkpoints, prune_checkpoints
from overset.chat.threads.database import open_database
from overset.chat.threads.model import ThreadId, new_thread_id
from overset.kernel.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def answer(state: MessagesState) -> MessagesState:
    return {"messages": [AIMessage(f"answer {len(state['messages'])}")]}


async def say(saver: Saver, thread_id: ThreadId, text: str) -> list[str]:
    graph = StateGraph(MessagesState)
    graph.add_node("answer", answer)
    graph.set_entry_point("answer")
    agent = graph.compile(checkpointer=saver)
    config = {"configurable": {"thread_id": thread_id}}
    state = await agent.ainvoke({"messages": [HumanMessage(text)]}, config)
    return [str(message.content) for message in state["messages"]]


async def count(saver: Saver, thread_id: ThreadId) -> int:
    config = {"configurable": {"thread_id": thread_id}}
    return len([one async for one in saver.alist(config)])


async def test_what_was_said_is_there_after_a_restart(chat_settings: Settings) -> None:
    open_database(chat_settings).close()
    thread_id = new_thread_id()
    async with open_checkpoints(chat_settings) as saver:
        await say(saver, thread_id, "one")

    async with open_checkpoints(chat_settings) as saver:
        said = await say(saver, thread_id, "two")

    assert said == ["one", "answer 1", "two", "answer 3"]


async def test_processes_that_start_together_make_the_tables_once(chat_settings: Settings) -> None:
    open_database(chat_settings).close()
    said: list[list[str]] = []

    async def start() -> None:
        async with open_checkpoints(chat_settings) as saver:
            said.append(await say(saver, new_thread_id(), "hello"))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                tasks.start_soon(start)

    assert said == [["hello", "answer 1"]] * 4


async def test_a_pruned_thread_has_its_last_state_and_goes_on(chat_settings: Settings) -> None:
    open_database(chat_settings).close()
    thread_id, other = new_thread_id(), new_thread_id()
    async with open_checkpoints(chat_settings) as saver:
        for text in ("one", "two"):
            await say(saver, thread_id, text)
        await say(saver, other, "untouched")
        before = await count(saver, thread_id), await count(saver, other)

        await prune_checkpoints(saver, thread_id)

        assert await count(saver, thread_id) == 1
        assert before[0] > 1
        assert await count(saver, other) == before[1]
        assert (await say(saver, thread_id, "three"))[:3] == ["one", "answer 1", "two"]


async def test_a_question_that_waits_outlives_pruning(chat_settings: Settings) -> None:
    open_database(chat_settings).close()
    thread_id = new_thread_id()
    config = {"configurable": {"thread_id": thread_id}}
    graph = StateGraph(MessagesState)
    graph.add_node("answer", answer)
    graph.add_node("ask", lambda _: {"messages": [AIMessage(interrupt("May I?"))]})
    graph.set_entry_point("answer")
    graph.add_edge("answer", "ask")
    async with open_checkpoints(chat_settings) as saver:
        agent = graph.compile(checkpointer=saver)
        await agent.ainvoke({"messages": [HumanMessage("one")]}, config)
        await prune_checkpoints(saver, thread_id)
        waiting = (await agent.aget_state(config)).interrupts

        state = await agent.ainvoke(Command(resume="yes"), config)

    assert [one.value for one in waiting] == ["May I?"]
    assert [str(one.content) for one in state["messages"]] == ["one", "answer 1", "yes"]


async def test_a_deleted_thread_leaves_nothing(chat_settings: Settings) -> None:
    open_database(chat_settings).close()
    thread_id = new_thread_id()
    async with open_checkpoints(chat_settings) as saver:
        await say(saver, thread_id, "one")
        await saver.adelete_thread(thread_id)

        assert await count(saver, thread_id) == 0
        assert await say(saver, thread_id, "again") == ["again", "answer 1"]


async def test_what_is_planted_in_the_database_is_not_run(
    chat_settings: Settings, tmp_path
) -> None:
    open_database(chat_settings).close()
    proof = tmp_path / "was-here"
    # As LangGraph writes an object: a module, a callable, and what it is called with.
    call = ormsgpack.packb(("os", "system", f"touch {proof}"))
    planted = ormsgpack.packb(ormsgpack.Ext(EXT_CONSTRUCTOR_SINGLE_ARG, call))
    async with open_checkpoints(chat_settings) as saver:
        loaded = saver.serde.loads_typed(("msgpack", planted))

    assert not proof.exists()
    assert not isinstance(loaded, int)  # what `os.system` returns
