"""The assistant's stores for tests: its database on both dialects, and the logs of its turns."""

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import anyio
import pytest

from overset.chat.event_log import EventLog
from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.event_log_redis import RedisEventLog
from overset.chat.threads.database import open_database
from overset.chat.threads.model import Who
from overset.chat.threads.service import ThreadService
from overset.kernel.database import Database
from overset.kernel.ids import UserId, WorkspaceId
from overset.kernel.settings import Settings
from support.manager import Clock, make_settings

_POLL_SECONDS = 0.02

ADA = Who(WorkspaceId("ws_acme"), UserId("usr_ada"), "Ada")
BOB = Who(WorkspaceId("ws_acme"), UserId("usr_bob"), "Bob")
ADA_ELSEWHERE = Who(WorkspaceId("ws_globex"), UserId("usr_ada"), "Ada")
EVE = Who(WorkspaceId("ws_globex"), UserId("usr_eve"), "Eve")


def make_chat_settings(dialect: str, request: pytest.FixtureRequest, home: Path) -> Settings:
    """Return settings with an empty database of the assistant, which goes with the test."""
    if dialect == "sqlite":
        return make_settings(home)
    return make_settings(home, chat_database_url=request.getfixturevalue("postgres_database"))


@pytest.fixture(params=["sqlite", "postgresql"])
def chat_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database of the assistant, once per dialect."""
    return make_chat_settings(request.param, request, tmp_path)


@pytest.fixture
def chat_database(chat_settings: Settings) -> Iterator[Database]:
    """The assistant's open database, once per dialect."""
    database = open_database(chat_settings)
    yield database
    database.close()


@pytest.fixture
def threads(chat_database: Database, clock: Clock) -> ThreadService:
    """The conversations, once per dialect."""
    return ThreadService(chat_database, clock)


@pytest.fixture(params=["memory", "redis"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[EventLog]:
    """The log of one process, in its memory and with Redis."""
    made: EventLog = MemoryEventLog()
    if request.param == "redis":
        made = RedisEventLog(request.getfixturevalue("redis").url)
    async with made.running():
        yield made


def run_and_kill(program: str, *argv: str, until: str) -> None:
    """Run a program until it says this line, then end it as a crash would."""
    process = subprocess.Popen([sys.executable, "-c", program, *argv], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().decode().strip() == until
    finally:
        process.kill()
        process.wait()


async def eventually(
    condition: Callable[[], Awaitable[object]], *, seconds: float = 20, what: str = "it"
) -> None:
    """Wait until a condition is true, and let everything else go on meanwhile.

    Raises:
        AssertionError: the time is over.
    """
    for _ in range(round(seconds / _POLL_SECONDS)):
        if await condition():
            return
        await anyio.sleep(_POLL_SECONDS)
    msg = f"{what} did not come true within {seconds} s"
    raise AssertionError(msg)
