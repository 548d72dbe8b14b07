"""A turn as server-sent events: whole, resumable, unbuffered, and alive while nothing happens."""

import json
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from overset.chat import sse
from overset.chat.event_log_memory import MemoryEventLog
from overset.chat.events import EVENTS, Finalize, Reason, Token
from overset.chat.threads.model import TurnId, new_thread_id, new_turn_id
from overset.chat.watch import Watch
from overset.kernel.changes import MemoryFeed
from overset.rest import problems
from support.manager import serving

TURN = new_turn_id(new_thread_id())
TEXT = "first\nsecond\r\nthird 😀 \u2028 data: x\n\nevent: finalize"


async def allow() -> None:
    """Let the reader read on."""


@pytest.fixture
def app() -> FastAPI:
    log = MemoryEventLog()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        for number in range(100):
            await log.append(TURN, Token(message_id="m1", text=f"{number} {TEXT}"))
        await log.append(TURN, Finalize(reason=Reason.DONE))
        yield

    made = FastAPI(lifespan=lifespan)
    problems.install(made, name="assistant")

    @made.get("/{turn_id}")
    async def read(request: Request, turn_id: str) -> Any:
        after = request.headers.get("last-event-id")
        return sse.stream(log, TurnId(turn_id), after=after, watch=Watch(allow, MemoryFeed()))

    return made


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


def read_events(body: str) -> list[tuple[str, str, Any]]:
    """Return what a browser would see: type, id and data of each event."""
    found = []
    for block in body.split("\n\n"):
        fields: dict[str, list[str]] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            fields.setdefault(name, []).append(value)
        if "data" in fields:
            data = json.loads("\n".join(fields["data"]))
            found.append((fields["event"][0], fields["id"][0], data))
    return found


def test_every_event_arrives_whole_with_its_type_and_id(url: str):
    answer = httpx.get(f"{url}/{TURN}")
    events = read_events(answer.text)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-turn-id"] == TURN
    assert [EVENTS.validate_python(data).type for _, _, data in events] == [e[0] for e in events]
    assert [data.get("text") for _, _, data in events[:-1]] == [f"{n} {TEXT}" for n in range(100)]
    assert events[-1][2] == {"type": "finalize", "reason": "done"}


def test_who_comes_back_with_an_id_gets_the_rest(url: str):
    whole = read_events(httpx.get(f"{url}/{TURN}").text)

    for seen in (1, 50, 100, 101):
        headers = {"Last-Event-ID": whole[seen - 1][1]}
        assert read_events(httpx.get(f"{url}/{TURN}", headers=headers).text) == whole[seen:]


def test_an_id_that_is_none_is_refused_before_the_stream_begins(url: str):
    answer = httpx.get(f"{url}/{TURN}", headers={"Last-Event-ID": "yesterday"})

    assert (answer.status_code, answer.json()["code"]) == (400, "event_id_invalid")


def test_a_silent_turn_sends_comments(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "_HEARTBEAT_SECONDS", 0.05)
    other = new_turn_id(new_thread_id())

    with httpx.stream("GET", f"{url}/{other}") as answer:
        first = next(answer.iter_lines())

    assert first.startswith(":")
