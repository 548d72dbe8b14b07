"""The wire between the data plane and a manager: a manager by hand, and a cable to cut."""

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from overset.kernel.changes import Change, ChangeFeed

BASE_URL = "http://manager.test"


async def eventually(condition: Callable[[], object], *, seconds: float = 10) -> None:
    """Wait until `condition` is true, for `seconds` at most."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await anyio.sleep(0.01)


@dataclass(slots=True)
class Ticks:
    """A monotonic clock that only a test moves."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.seconds

    def advance(self, seconds: float) -> None:
        """Move it forward."""
        self.seconds += seconds


class Ear:
    """Remembers what it heard: the number of each change, or None for "drop everything"."""

    def __init__(self) -> None:
        self.heard: list[int | None] = []

    def __call__(self, event: Change | None) -> None:
        """Hear."""
        self.heard.append(event and event.seq)


def listen(feed: ChangeFeed) -> Ear:
    """Return an ear that hears `feed` from now on."""
    ear = Ear()
    feed.subscribe(ear)
    return ear


@dataclass(slots=True)
class HandMadeManager:
    """The manager's side of the internal API, with answers that the test sets.

    `pause` is awaited after an answer was made and before it is sent: a change that happens in it
    comes between question and answer.
    """

    workspaces: dict[str, dict[str, Any]] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    max_age: int | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)
    floor: int = 0
    status: int = 200
    asked: Counter[str] = field(default_factory=Counter)
    pause: Callable[[], Awaitable[None]] | None = None

    def change(self, kind: str, **ids: str) -> dict[str, Any]:
        """Note a change, as the manager does when it commits one."""
        blank = {"workspace_id": None, "user_id": None, "token_id": None}
        change = {"seq": self.seq + 1, "kind": kind, **blank, **ids}
        self.changes.append(change)
        return change

    def forget_changes(self) -> None:
        """Keep none of the changes so far."""
        self.floor = self.seq
        self.changes.clear()

    @property
    def seq(self) -> int:
        """The number of the last change."""
        return self.changes[-1]["seq"] if self.changes else self.floor

    def app(self) -> Starlette:
        """Return it as an application."""
        return Starlette(
            routes=[
                Route("/internal/v1/changes", self._changes),
                Route("/internal/v1/access", self._access, methods=["POST"]),
                Route("/internal/v1/workspaces/{locator}", self._workspace),
                Route("/.well-known/jwks.json", self._jwks),
                Route("/.well-known/oauth-authorization-server", self._metadata),
                Route("/.well-known/openid-configuration", self._metadata),
            ]
        )

    async def _answer(self, what: str, body: object, **headers: str) -> Response:
        self.asked[what] += 1
        response = JSONResponse(body, self.status, headers=headers)
        if self.pause is not None and what != "changes":
            await self.pause()
        return response

    async def _changes(self, request: Request) -> Response:
        since = request.query_params.get("since")
        reset = since is not None and not self.floor <= int(since) <= self.seq
        fresh = [] if since is None or reset else [c for c in self.changes if c["seq"] > int(since)]
        return await self._answer("changes", {"seq": self.seq, "reset": reset, "changes": fresh})

    async def _access(self, request: Request) -> Response:
        asked = await request.json()
        unknown = {"allowed": False, "reason": "workspace_unknown"}
        blank = {"workspace": None, "member": None, "gates": {}}
        return await self._answer("access", blank | self.decisions.get(asked["workspace"], unknown))

    async def _workspace(self, request: Request) -> Response:
        found = self.workspaces.get(request.path_params["locator"])
        if found is None:
            self.asked["workspace"] += 1
            return JSONResponse({"code": "not_found"}, 404)
        return await self._answer("workspace", found)

    async def _metadata(self, request: Request) -> Response:
        return await self._answer("metadata", {**self.metadata, "asked_at": request.url.path})

    async def _jwks(self, request: Request) -> Response:
        headers = {} if self.max_age is None else {"Cache-Control": f"max-age={self.max_age}"}
        return await self._answer("jwks", {"keys": self.keys}, **headers)


@dataclass(slots=True)
class Cable(httpx.AsyncBaseTransport):
    """Carries requests to an application in this process, unless it is cut."""

    app: Starlette
    cut: bool = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        if self.cut:
            raise httpx.ConnectError("the cable is cut", request=request)
        return await httpx.ASGITransport(self.app).handle_async_request(request)


@dataclass(slots=True)
class Wire:
    """A manager by hand, and the client that reaches it through a cable."""

    manager: HandMadeManager = field(default_factory=HandMadeManager)
    cable: Cable = field(init=False)
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        """Plug the client in."""
        self.cable = Cable(self.manager.app())
        self.http = httpx.AsyncClient(base_url=BASE_URL, transport=self.cable)
