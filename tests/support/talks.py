"""Turns of the assistant against a platform's real MCP endpoint, with a model that tests script."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from overset.admission.caller import Caller
from overset.auth.principal import Principal
from overset.auth.scopes import WORKSPACE_SCOPES, Scope
from overset.chat.agent import Agents
from overset.chat.approvals import Decision
from overset.chat.asker import Asker
from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.events import AnyEvent, Finalize
from overset.chat.models.choose import ChosenModel, Models
from overset.chat.models.prices import Price
from overset.chat.page import Page
from overset.chat.threads.leases_memory import MemoryLeases
from overset.chat.threads.model import Thread, TurnId, new_thread_id
from overset.chat.toolbox import Toolbox
from overset.chat.transcript import Transcript, read_transcript
from overset.chat.turn import Services
from overset.chat.turns import Turns
from overset.kernel.clock import utc_now
from overset.kernel.ids import TokenId, UserId
from overset.tenancy.member import Member
from support.deployment import Platform
from support.scripted_model import Reply, Script, ScriptedModel

PATIENCE = 30.0


@dataclass(slots=True)
class Talk:
    """One process of the assistant, and a thread of a member in it."""

    platform: Platform
    turns: Turns
    log: MemoryEventLog
    saver: BaseCheckpointSaver[Any]
    toolbox: Toolbox
    script: Script
    asker: Asker
    thread: Thread
    last: TurnId | None = None

    def say(self, *replies: Any) -> None:
        """Let the model answer so, in this order."""
        self.script.replies.extend(replies)

    async def start(self, message: str = "hello", *, page: Page | None = None) -> TurnId:
        """Start a turn."""
        self.last = await self.turns.start(self.asker, self.thread, message, page)
        return self.last

    async def ask(
        self, message: str = "hello", *replies: Any, page: Page | None = None
    ) -> list[AnyEvent]:
        """Return all events of a turn in which the model answers so."""
        self.say(*replies)
        return await self.read(await self.start(message, page=page))

    async def decide(self, *decisions: Decision) -> list[AnyEvent]:
        """Return all events of the turn that goes on after a decision."""
        self.last = await self.turns.decide(self.asker, self.thread, decisions)
        return await self.read(self.last)

    async def read(self, turn_id: TurnId | None = None) -> list[AnyEvent]:
        """Return all events of a turn; it must come to its end."""
        async with asyncio.timeout(PATIENCE):
            return [event async for _, event in self.log.read(turn_id or self.last, after=None)]

    async def wait_for(self, kind: type, turn_id: TurnId | None = None) -> Any:
        """Return the first event of a kind."""
        async with asyncio.timeout(PATIENCE):
            async for _, event in self.log.read(turn_id or self.last, after=None):
                if isinstance(event, kind):
                    return event
        raise AssertionError(f"the turn ended without {kind.__name__}")

    async def show(self) -> Transcript:
        """Return the conversation as a reader gets it."""
        return await read_transcript(self.saver, self.thread.id)

    def other_thread(self) -> "Talk":
        """Return the same process with a new thread of the same member."""
        return replace(self, thread=make_thread(self.asker))


def make_asker(
    platform: Platform,
    *,
    workspace: str = "acme",
    role: str = "Admin",
    user_id: str | None = None,
    scopes: frozenset[Scope] = WORKSPACE_SCOPES,
    token: str | None = None,
    ttl: timedelta = timedelta(hours=1),
) -> Asker:
    """Return a member as the door would let them in, with a real token."""
    user_id = user_id or platform.user(role, workspace=workspace)
    issued = token or platform.token(workspace, user_id=user_id, scopes=scopes, ttl=ttl)
    found = platform.manager.workspaces.get(workspace)
    caller = Caller(
        workspace=found,
        principal=Principal(
            issuer=platform.settings.issuer,
            subject=UserId(user_id),
            workspace_id=found.id,
            scopes=scopes,
            token_id=TokenId("tok_test"),
            client_id="assistant",
        ),
        member=Member(UserId(user_id), "member@example.com", "Member", role),
        gates={},
    )
    return Asker(caller, SecretStr(issued))


def make_thread(asker: Asker) -> Thread:
    """Return a new thread of a member."""
    now = utc_now()
    caller = asker.caller
    return Thread(
        id=new_thread_id(),
        workspace_id=caller.workspace.id,
        owner=caller.member.user_id,
        owner_name=caller.member.name,
        title="",
        created_at=now,
        updated_at=now,
    )


@asynccontextmanager
async def talking(
    platform: Platform,
    *replies: Any,
    asker: Asker | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    saver: BaseCheckpointSaver[Any] | None = None,
    price: Price | None = None,
    models: Models | None = None,
    find_again: Callable[[Thread], Thread] = lambda thread: thread,
    **settings: Any,
) -> AsyncIterator[Talk]:
    """Run the assistant while the block lasts; its model answers with `replies`, or is given."""
    asker = asker or make_asker(platform)
    script = Script(list(replies))
    chosen = ChosenModel(ScriptedModel(script=script), "scripted", is_offline=False, price=price)
    given = platform.settings.model_copy(update={"chat_mcp_url": platform.url, **settings})
    log, saver = MemoryEventLog(), saver or InMemorySaver()
    toolbox = Toolbox(given, transport=transport)
    turns = Turns(
        Services(
            settings=given,
            models=models or Models(default=chosen, of_workspaces={}),
            toolbox=toolbox,
            agents=Agents(saver),
            saver=saver,
            log=log,
            leases=MemoryLeases(),
            find_again=find_again,
        )
    )
    thread = make_thread(asker)
    async with log.running(), toolbox.running(), turns.running():
        yield Talk(platform, turns, log, saver, toolbox, script, asker, thread)


def kinds(events: Sequence[AnyEvent]) -> list[str]:
    """Return the types of events, each run of pieces of text as one."""
    types = [event.type for event in events]
    return [
        one for at, one in enumerate(types) if one != "token" or types[at - 1 : at] != ["token"]
    ]


def only(events: Sequence[AnyEvent], kind: type) -> list[Any]:
    """Return the events of a kind."""
    return [event for event in events if isinstance(event, kind)]


def ended(events: Sequence[AnyEvent]) -> str:
    """Return the reason of a turn's end, which is its last event and its only one."""
    (end,) = only(events, Finalize)
    assert events[-1] is end
    return str(end.reason)


def call(tool: str, **request: Any) -> Reply:
    """Return an answer that calls a tool of Superset's."""
    return Reply(calls=[(tool, {"request": request})])
