"""Opens the assistant's parts and puts them together; usable without HTTP."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from fastapi.concurrency import run_in_threadpool

from overset.auth.access import ManagerAccess
from overset.auth.jwks import ManagerKeys
from overset.chat.agent import Agents
from overset.chat.analyst.chat_model import OfflineAnalyst
from overset.chat.asker import AskerGuard
from overset.chat.checkpoints import open_checkpoints
from overset.chat.event_log import EventLog
from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.event_log_redis import RedisEventLog
from overset.chat.models.choose import Models
from overset.chat.purge import Purge
from overset.chat.services import Chat
from overset.chat.threads.database import open_database
from overset.chat.threads.housekeeping import Housekeeping
from overset.chat.threads.leases import WAIT_SECONDS
from overset.chat.threads.leases_database import DatabaseLeases
from overset.chat.threads.service import ThreadService
from overset.chat.toolbox import Toolbox
from overset.chat.turn import Services
from overset.chat.turns import Turns
from overset.kernel.clock import utc_now
from overset.kernel.feeds import open_feed
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.kernel.upstream import open_client
from overset.tenancy.members import ManagerMembers
from overset.tenancy.registry import ManagerRegistry


@dataclass(frozen=True, slots=True)
class Opened:
    """The assistant, and what lets people in to it."""

    chat: Chat
    guard: AskerGuard


class Parts:
    """What is known to work before the first request: models and database."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        *,
        manager: httpx.AsyncBaseTransport | None,
        mcp: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._manager = manager
        self._mcp = mcp
        self._models = Models.open(settings, analyst=OfflineAnalyst())
        self._database = open_database(settings)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Opened]:
        """Lend all parts, at work, while the block lasts; once."""
        settings, database = self._settings, self._database
        async with AsyncExitStack() as exits:
            exits.push_async_callback(run_in_threadpool, database.close)
            http = await exits.enter_async_context(
                open_client(settings, self._keys, manager=self._manager)
            )
            feed = open_feed(settings, http)
            access = ManagerAccess(http, feed, ttl=settings.decision_ttl_seconds)
            guard = AskerGuard(
                settings,
                registry=ManagerRegistry(http, feed),
                keys=ManagerKeys(http, feed),
                access=access,
            )
            toolbox = Toolbox(settings, transport=self._mcp)
            feed.subscribe(toolbox.hear)
            saver = await exits.enter_async_context(open_checkpoints(settings))
            log, threads = _open_log(settings), ThreadService(database, utc_now)
            leases = DatabaseLeases(database, wait=max(WAIT_SECONDS, settings.chat_turn_seconds))
            turns = Turns(
                Services(
                    settings=settings,
                    models=self._models,
                    toolbox=toolbox,
                    agents=Agents(saver),
                    saver=saver,
                    log=log,
                    leases=leases,
                    find_again=threads.find_again,
                )
            )
            purge = Purge(
                Housekeeping(database, utc_now),
                leases=leases,
                saver=saver,
                log=log,
                access=access,
                days=settings.chat_retention_days,
            )
            feed.subscribe(purge.hear)
            for part in (feed, log, leases, toolbox, purge, turns):
                await exits.enter_async_context(part.running())
            chat = Chat(
                settings=settings,
                threads=threads,
                saver=saver,
                turns=turns,
                log=log,
                models=self._models,
                members=ManagerMembers(http),
                purge=purge,
                feed=feed,
            )
            yield Opened(chat, guard)


def _open_log(settings: Settings) -> EventLog:
    if settings.redis_url is None:
        return MemoryEventLog()
    return RedisEventLog(settings.redis_url.get_secret_value())
