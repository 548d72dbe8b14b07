"""Members who talk to the assistant over HTTP, and processes of it."""

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from overset.chat.events import EVENTS, AnyEvent
from support.deployment import Platform
from support.split import Server, spoken_for

PATIENCE = 60

Told = tuple[str, AnyEvent]
"""An event, and its id before it."""


@dataclass(slots=True)
class Stream:
    """A turn as it comes."""

    response: httpx.Response
    seen: list[Told] = field(default_factory=list)
    _lines: Iterator[str] | None = None

    @property
    def turn_id(self) -> str:
        """The turn's id."""
        return self.response.headers["x-turn-id"]

    def __iter__(self) -> Iterator[Told]:
        self._lines = self._lines or self.response.iter_lines()
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif "data" in fields:
                event = EVENTS.validate_json(fields["data"])
                assert event.type == fields["event"]
                self.seen.append((fields["id"], event))
                yield self.seen[-1]
                fields = {}

    def until(self, kind: str) -> Any:
        """Return the first event of a type; those before it are in `seen`."""
        found = next((event for _, event in self if event.type == kind), None)
        assert found is not None, f"there was no {kind} among {self.seen}"
        return found

    def drain(self) -> None:
        """Read what still comes, until the connection ends or breaks."""
        with contextlib.suppress(httpx.TransportError):
            for _ in self:
                pass


@dataclass(frozen=True, slots=True)
class Talker:
    """A member, at one process of the assistant."""

    url: str
    host: str
    token: str | None

    def send(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Send one request below `/chat`, and return the whole answer."""
        headers = {**self._headers(), **given.pop("headers", {})}
        if "json" in given:  # httpx would not send half a character
            given["content"] = json.dumps(given.pop("json"))
            headers["Content-Type"] = "application/json"
        return httpx.request(
            method, f"{self.url}/chat{path}", headers=headers, timeout=PATIENCE, **given
        )

    @contextlib.contextmanager
    def stream(self, method: str, path: str, **given: Any) -> Iterator[Stream]:
        """Read an answer as it comes, while the block lasts."""
        headers = {**self._headers(), **given.pop("headers", {})}
        url = f"{self.url}/chat{path}"
        with httpx.stream(method, url, headers=headers, timeout=PATIENCE, **given) as response:
            if response.status_code != httpx.codes.OK:
                response.read()
            assert response.status_code == httpx.codes.OK, response.text
            yield Stream(response)

    def begin(self) -> str:
        """Begin a conversation, and return its id."""
        answer = self.send("POST", "/threads")
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return answer.json()["id"]

    def asking(
        self, thread_id: str, message: str, **given: Any
    ) -> contextlib.AbstractContextManager[Stream]:
        """Ask, and read what comes while the block lasts."""
        body = {"message": message, **given}
        return self.stream("POST", f"/threads/{thread_id}/turns", json=body)

    def ask(self, thread_id: str, message: str, **given: Any) -> list[Told]:
        """Ask, and return all that came."""
        with self.asking(thread_id, message, **given) as stream:
            return list(stream)

    def decide(
        self, thread_id: str, calls: Sequence[str], *, verdict: str = "approve", **given: Any
    ) -> list[Told]:
        """Approve or reject calls, and return all that came."""
        decisions = [{"tool_call_id": call, "verdict": verdict} for call in calls]
        body = {"decisions": decisions, **given}
        with self.stream("POST", f"/threads/{thread_id}/decisions", json=body) as stream:
            return list(stream)

    def read(self, thread_id: str, turn_id: str, *, after: str | None = None) -> list[Told]:
        """Read a turn again, to its end."""
        headers = {} if after is None else {"Last-Event-ID": after}
        path = f"/threads/{thread_id}/turns/{turn_id}/events"
        with self.stream("GET", path, headers=headers) as stream:
            return list(stream)

    def show(self, thread_id: str) -> Any:
        """Return a whole conversation."""
        answer = self.send("GET", f"/threads/{thread_id}")
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def _headers(self) -> dict[str, str]:
        bearer = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return {"Host": self.host, **bearer}


def talker(
    platform: Platform,
    workspace: str = "acme",
    *,
    user_id: str | None = None,
    token: str | None = None,
    server: Server | None = None,
) -> Talker:
    """Return a member of a workspace, by default one that no other test knows."""
    if token is None:
        token = platform.token(workspace, user_id=user_id or platform.new_member(workspace))
    port = platform.settings.port
    url = server.url if server is not None else f"http://127.0.0.1:{port}"
    return Talker(url, f"{workspace}.localhost:{port}", token)


def types(told: Sequence[Told]) -> list[str]:
    """Return the types of events."""
    return [event.type for _, event in told]


def text_of(told: Sequence[Told]) -> str:
    """Return the text that the tokens make."""
    return "".join(event.text for _, event in told if event.type == "token")


@contextlib.contextmanager
def running_chats(
    origin: Platform, count: int, *options: str, **environment: str
) -> Iterator[list[Server]]:
    """Run processes of the assistant beside a platform, on its manager and its MCP.

    `options` are those of the command.
    """
    inside = f"http://localhost:{origin.settings.port}"
    given = {
        **spoken_for(origin),
        "OVERSET_MANAGER_URL": inside,
        "OVERSET_CHAT_MCP_URL": f"{inside}/mcp",
        **environment,
    }
    with (
        tempfile.TemporaryDirectory(prefix="overset-chats-") as folder,
        contextlib.ExitStack() as exits,
    ):
        servers = [Server("chat", Path(folder) / str(n), given, options) for n in range(count)]
        for server in servers:
            exits.callback(server.stop)
            server.start()
        yield servers


def refusal(answer: httpx.Response) -> tuple[int, dict[str, Any]]:
    """Return status and body of a refusal, without what differs from request to request."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert not re.search(r"Traceback|\.py|sqlalchemy|overset\.", answer.text)
    body = answer.json()
    assert body.pop("request_id") == answer.headers["x-request-id"]
    return answer.status_code, body


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal."""
    status, body = refusal(answer)
    return status, body["code"]


def pending(member: Talker, thread_id: str) -> list[str]:
    """Return the calls that wait in a conversation."""
    return [call["id"] for call in member.show(thread_id)["pending"]]
