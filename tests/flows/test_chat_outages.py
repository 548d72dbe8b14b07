"""The assistant while its database is down: told as it is, without a leak, and over when it is."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.chatting import Talker, running_chats, talker
from support.deployment import Platform
from support.postgres import PostgresServer, running_postgres
from support.processes import wait_until
from support.split import Server

NO_LEAK = re.compile(r"Traceback|\.py|psycopg|sqlalchemy|127\.0\.0\.1|postgres", re.IGNORECASE)
SLOWEST = 15


@pytest.fixture(scope="module")
def database() -> Iterator[PostgresServer]:
    """The server of the assistant's database, which these tests stop and start."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def chat(sqlite_platform: Platform, database: PostgresServer) -> Iterator[Server]:
    """A process of the assistant on that server, without Redis."""
    url = database.create_database()
    with running_chats(sqlite_platform, 1, OVERSET_CHAT_DATABASE_URL=url) as servers:
        yield servers[0]


def test_while_the_database_is_down_each_path_says_so_and_no_more(
    sqlite_platform: Platform, chat: Server, database: PostgresServer
):
    ada = talker(sqlite_platform, server=chat)
    thread_id = ada.begin()
    with ada.asking(thread_id, "Which datasets are there?") as stream:
        list(stream)
    paths = [
        ("GET", "/threads", None),
        ("POST", "/threads", None),
        ("GET", f"/threads/{thread_id}", None),
        ("PATCH", f"/threads/{thread_id}", {"title": "x"}),
        ("DELETE", f"/threads/{thread_id}", None),
        ("POST", f"/threads/{thread_id}/turns", {"message": "hello"}),
        ("GET", f"/threads/{thread_id}/turns/{stream.turn_id}/events", None),
        ("POST", f"/threads/{thread_id}/turns/{stream.turn_id}/stop", None),
    ]

    database.stop(mode="immediate")
    try:
        for method, path, body in paths:
            assert_refused(ada, method, path, body)
        ready, live = chat.status("/health/ready"), chat.status("/health/live")
    finally:
        database.start()

    assert (ready, live) == (503, 200)
    wait_until(lambda: ada.send("GET", f"/threads/{thread_id}").status_code == 200, 30)
    assert ada.show(thread_id)["messages"][0]["text"] == "Which datasets are there?"
    again = ada.ask(thread_id, "Which datasets are there?")
    assert again[-1][1].reason == "done"
    assert database.password not in output(chat)


def assert_refused(ada: Talker, method: str, path: str, body: object) -> None:
    began = time.monotonic()
    answer = ada.send(method, path, **({} if body is None else {"json": body}))

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), path
    assert not NO_LEAK.search(answer.text)
    assert answer.headers["retry-after"]
    assert time.monotonic() - began < SLOWEST


def test_a_turn_that_loses_the_database_ends_and_the_conversation_goes_on(
    sqlite_platform: Platform, chat: Server, database: PostgresServer
):
    ada = talker(sqlite_platform, server=chat)
    thread_id = ada.begin()
    ada.ask(thread_id, "Which datasets are there?")

    with ada.asking(thread_id, "Which datasets are there?") as stream:
        stream.until("limits")
        database.stop(mode="immediate")
        try:
            list(stream)
        finally:
            database.start()

    wait_until(lambda: ada.send("GET", f"/threads/{thread_id}").status_code == 200, 30)
    again = ada.ask(thread_id, "Which datasets are there?")

    assert stream.seen[-1][1].type == "finalize"
    told = [event for _, event in stream.seen if event.type == "error"]
    assert all(not NO_LEAK.search(event.detail) for event in told)
    assert again[-1][1].reason == "done"


def output(server: Server) -> str:
    log: Path = server.folder / "chat.log"
    return log.read_text(errors="replace")
