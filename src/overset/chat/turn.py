"""One turn of the assistant, from a member's message to its last event; read this file first.

A turn holds its thread (`threads/leases.py`), asks which tools there are (`toolbox.py`), and lets
the agent (`agent.py`) go back and forth between the model and the tools, which it calls through one
MCP session (`mcp_session.py`) with the member's own token. What happens is told at once
(`narrator.py`, `teller.py`), and is in LangGraph's checkpoints after each step, before the next
begins. It ends when the model has answered, when a call waits for the member's word
(`approvals.py`), at a limit (`budget.py`), when it is stopped, or when something fails. Calls that
it leaves open are answered before the next turn (`repair.py`).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import structlog
from anyio.to_thread import run_sync
from langchain_core.messages import AIMessageChunk, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.types import Command

from overset.chat.agent import Agent, Agents
from overset.chat.approvals import Approvals, Decision, nothing_waits, tell_rejections
from overset.chat.asker import Asker
from overset.chat.budget import NEAR, Allowance, Budget, time_is_near, time_is_over
from overset.chat.context import TurnContext
from overset.chat.event_log import EventLog
from overset.chat.events import Failure, Finalize, Reason
from overset.chat.failures import LimitReachedError, describe
from overset.chat.mcp_session import Session
from overset.chat.models.choose import Models
from overset.chat.narrator import Narrator
from overset.chat.page import Page
from overset.chat.prompts import PAGE, make_prompt
from overset.chat.repair import answer_open_calls, find_waiting, list_messages
from overset.chat.steps import make_message_id
from overset.chat.teller import Teller
from overset.chat.threads.leases import Leases
from overset.chat.threads.model import Thread, TurnId
from overset.chat.toolbox import Toolbox, Toolset
from overset.kernel.clock import Now, utc_now
from overset.kernel.settings import Settings

_MOST_GRAPH_STEPS = 10_000
"""LangGraph's own limit, which is not ours: a turn has `budget.py`."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What all turns of a process share.

    `find_again` returns a thread as it is now, and raises NotFound `thread_unknown` if it is gone.
    """

    settings: Settings
    models: Models
    toolbox: Toolbox
    agents: Agents
    saver: BaseCheckpointSaver[Any]
    log: EventLog
    leases: Leases
    find_again: Callable[[Thread], Thread]
    now: Now = utc_now


@dataclass(frozen=True, slots=True)
class Message:
    """What a member wrote, and what was on their screen."""

    text: str
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended, and why if it could not go on."""

    reason: Reason
    failure: Failure | None = None


class Turn:
    """One turn: started once, and perhaps stopped; its end is told in any case."""

    def __init__(
        self,
        services: Services,
        turn_id: TurnId,
        *,
        asker: Asker,
        thread: Thread,
        said: Message | Sequence[Decision],
    ) -> None:
        self._services = services
        self._id = turn_id
        self._asker = asker
        self._thread = thread
        self._said = said
        self._chosen = services.models.choose(asker.caller.workspace)
        self._allowance = Allowance.of(services.settings)
        self._teller = Teller(services.log, turn_id)
        self._narrator = Narrator(self._teller.say)
        self._task: asyncio.Task[None] | None = None
        self._can_be_cut = False
        self._stopped = False
        self._agent: Agent | None = None

    def start(self) -> asyncio.Task[None]:
        """Begin, and return the task."""
        self._tell_limits()
        self._task = asyncio.create_task(self._run(), name=f"turn {self._id}")
        return self._task

    def stop(self) -> None:
        """End the turn where it is: the question to the model, the running tool and its query."""
        was_stopped, self._stopped = self._stopped, True
        # Not before its first step, for then it would end without a word, and not while it ends.
        if self._can_be_cut and self._task is not None and not was_stopped:
            self._task.cancel()

    async def _run(self) -> None:
        """Run to the end, whatever that is; it is told, and not raised."""
        self._can_be_cut = True
        outcome = Outcome(Reason.STOPPED)
        try:
            if self._stopped:
                return
            async with self._services.leases.hold(self._thread.id, self._id):
                # It may have been deleted while the turn waited, or its tools allowed.
                self._thread = await run_sync(self._services.find_again, self._thread)
                outcome = await self._hold()
        except asyncio.CancelledError:
            outcome = Outcome(Reason.STOPPED)
        except Exception as error:  # noqa: BLE001 - whatever it was, the readers are told
            outcome = Outcome(Reason.FAILED, describe(error))
        finally:
            self._narrator.interrupt()
            if outcome.failure is not None:
                self._narrator.say(outcome.failure)
            self._narrator.say(Finalize(reason=outcome.reason))
            await self._teller.close()

    async def _hold(self) -> Outcome:
        """Work while the thread is ours."""
        session = self._services.toolbox.open(self._asker)
        try:
            outcome = await self._attempt(session)
            self._can_be_cut = False
        finally:
            await session.close()
        if outcome.reason not in {Reason.DONE, Reason.APPROVAL}:
            await self._keep_what_was_said()
        return outcome

    async def _attempt(self, session: Session) -> Outcome:
        try:
            async with self._timed():
                return Outcome(await self._converse(session))
        except LimitReachedError as error:
            return Outcome(Reason.LIMIT, error.failure)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self._stopped or task is None:
                raise  # the thread is ours no longer
            task.uncancel()
            return Outcome(Reason.STOPPED)
        except Exception as error:  # noqa: BLE001 - as above
            return Outcome(Reason.FAILED, describe(error))

    @asynccontextmanager
    async def _timed(self) -> AsyncIterator[None]:
        """Limit the time of the block, and warn before it is over."""
        seconds = self._allowance.seconds
        warning = asyncio.get_running_loop().call_later(NEAR * seconds, self._warn)
        try:
            async with asyncio.timeout(seconds) as limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise LimitReachedError(time_is_over(self._allowance)) from None
            raise
        finally:
            warning.cancel()

    def _warn(self) -> None:
        self._tell_limits()
        self._narrator.say(time_is_near(self._allowance))

    def _tell_limits(self) -> None:
        self._narrator.say(self._allowance.tell(self._id, price=self._chosen.price))

    async def _converse(self, session: Session) -> Reason:
        """Let the agent work until it has answered or asks for approval."""
        toolset = await self._services.toolbox.list_tools(self._asker, session)
        self._agent = self._services.agents.get(toolset, model=self._chosen.model)
        saved = await self._load()
        given, paused = self._prepare(saved)
        waits = False
        told_by_graph = self._agent.astream(
            given,
            self._config,
            context=self._make_context(session, toolset, paused),
            stream_mode=["messages", "updates"],
            durability="sync",
        )
        async with aclosing(cast("AsyncGenerator[Any, None]", told_by_graph)) as stream:
            async for mode, told in stream:
                if mode == "messages":
                    self._hear(*told)
                else:
                    waits = waits or "__interrupt__" in told
        if waits:
            await self._ask()
        return Reason.APPROVAL if waits else Reason.DONE

    def _prepare(self, saved: CheckpointTuple | None) -> tuple[Any, dict[str, bool]]:
        """Return what the agent is given, and which calls of the message that waited were asked.

        Raises:
            Conflict: `nothing_to_decide`.
            InvalidRequest: `decision_incomplete`.
        """
        if isinstance(self._said, Message):
            return {"messages": [*answer_open_calls(saved), self._ask_model(self._said)]}, {}
        waiting = find_waiting(saved)
        if waiting is None:
            raise nothing_waits()
        answer = waiting.answer(self._said)
        for result in tell_rejections(self._said):
            self._narrator.end_call(result)
        return Command(resume=answer), waiting.list_paused()

    def _ask_model(self, said: Message) -> HumanMessage:
        kept = {} if said.page is None else {PAGE: said.page.to_dict()}
        return HumanMessage(said.text, id=self._message_id, additional_kwargs=kept)

    def _make_context(
        self, session: Session, toolset: Toolset, paused: dict[str, bool]
    ) -> TurnContext:
        workspace = self._asker.caller.workspace
        settings = self._services.settings
        is_allowed = settings.chat_approval == "member"
        allowed = self._thread.allowed_tools if is_allowed else frozenset[str]()
        return TurnContext(
            chosen=self._chosen,
            prompt=make_prompt(workspace, today=self._services.now().date()),
            origin=settings.workspace_origin(workspace.slug),
            toolset=toolset,
            session=session,
            approvals=Approvals(allowed, paused),
            budget=Budget(self._allowance, self._chosen.price, self._narrator.say),
            narrator=self._narrator,
        )

    def _hear(self, chunk: object, about: dict[str, Any]) -> None:
        """Tell what the model says, and nothing else that streams by."""
        if not isinstance(chunk, AIMessageChunk) or about.get("langgraph_node") != "model":
            return
        if text := str(chunk.text):
            self._narrator.hear(make_message_id(about["langgraph_checkpoint_ns"]), text)

    async def _ask(self) -> None:
        waiting = find_waiting(await self._load())
        for event in waiting.tell() if waiting is not None else ():
            self._narrator.say(event)

    async def _keep_what_was_said(self) -> None:
        """Write into the thread what a turn that was cut off would leave out of it."""
        cut_off = self._narrator.interrupt()
        try:
            saved = await self._load()
            if not isinstance(self._said, Message) and find_waiting(saved) is not None:
                return  # it never went on: what waits may still be decided
            known = {one.id for one in list_messages(saved)}
            messages: list[AnyMessage] = [*answer_open_calls(saved, known=self._narrator.finished)]
            if isinstance(self._said, Message) and self._message_id not in known:
                messages.append(self._ask_model(self._said))
            if cut_off is not None and cut_off.id not in known:
                messages.append(cut_off)
            if messages:
                agent = self._agent or self._services.agents.get(_NONE, model=self._chosen.model)
                await agent.aupdate_state(self._config, {"messages": messages}, as_node="model")
        except Exception:  # noqa: BLE001 - the turn has ended, and its end is still to be told
            _log.exception("the end of a turn could not be kept")

    async def _load(self) -> CheckpointTuple | None:
        return await self._services.saver.aget_tuple(self._config)

    @property
    def _message_id(self) -> str:
        return f"msg_{self._id}"

    @property
    def _config(self) -> RunnableConfig:
        return {
            "configurable": {"thread_id": self._thread.id},
            "recursion_limit": _MOST_GRAPH_STEPS,
        }


_NONE = Toolset.of(())
