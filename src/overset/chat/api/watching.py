"""What the endpoints of streams ask for: that who reads is asked about again meanwhile."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from starlette.types import Scope

from overset.chat.api.asking import Serving, get_who
from overset.chat.asker import AskerGuard
from overset.chat.services import Chat
from overset.chat.threads.database import outages_refused
from overset.chat.threads.model import Thread
from overset.chat.watch import Watch
from overset.rest.http import served


@dataclass(frozen=True, slots=True)
class Watching:
    """Asks about the reader of one request as the door did."""

    scope: Scope
    guard: AskerGuard
    chat: Chat

    def over(self, thread: Thread) -> Watch:
        """Return what watches whether they may read a conversation's turn."""

        async def check() -> None:
            who = get_who(await self.guard.check(self.scope))
            if who.user_id != thread.owner:
                with outages_refused():
                    await run_in_threadpool(self.chat.threads.get, who, thread.id)

        return Watch(check, self.chat.feed)


async def get_watching(
    request: Request, guard: Annotated[AskerGuard, Depends(served(AskerGuard))], chat: Serving
) -> Watching:
    """Return what watches who sent this request."""
    return Watching(request.scope, guard, chat)


Watched = Annotated[Watching, Depends(get_watching)]
