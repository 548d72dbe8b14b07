"""Steps 1 to 3 of the MCP process alone, behind a proxy that ends TLS; with twins in memory."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from overset.auth.access import DecidedMember, DecidedWorkspace
from overset.auth.issuer import IssuerMetadata
from overset.auth.jwks import MemoryKeys
from overset.auth.memory import MemoryAccess
from overset.flags.gates import Gate
from overset.kernel.changes import MemoryFeed
from overset.kernel.ids import TeamId, TokenId, UserId, WorkspaceId
from overset.kernel.settings import Settings, load
from overset.mcp import stack
from overset.mcp.calls import RunningCalls
from overset.mcp.layers.edge import EdgeMiddleware
from overset.mcp.relay import NoRelay
from overset.observe.metrics import open_metrics
from overset.tenancy.circuit import Circuits
from overset.tenancy.registry import MemoryRegistry
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.wire import Wire

PROXY = "10.0.0.9"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class FrontDoor:
    """The door of `https://<slug>.example.com/mcp` for two workspaces, and a client of it."""

    def __init__(self, **settings: Any) -> None:
        public = {"domain": "example.com", "port": 8000, "public_scheme": "https"}
        self.settings: Settings = load(**{**public, "trusted_proxies": "10.0.0.0/8", **settings})
        self.wire = Wire()
        self.wire.manager.metadata = {
            "issuer": self.settings.issuer,
            "authorization_endpoint": self.settings.issuer + "/authorize",
            "token_endpoint": self.settings.issuer + "/token",
            "code_challenge_methods_supported": ["S256"],
        }
        self.feed = MemoryFeed()
        self.access = MemoryAccess()
        self.registry = MemoryRegistry()
        for slug in ("acme", "globex"):
            self._add(slug)

    def _add(self, slug: str) -> None:
        ids = (WorkspaceId(f"ws_{slug}"), TeamId("team_a"))
        state = WorkspaceState.ACTIVE
        self.registry.put(Workspace(ids[0], slug, slug.title(), state, ids[1]))
        decided = DecidedWorkspace(ids[0], slug, slug.title(), state.value, ids[1])
        gates = {Gate.MCP_SERVICE_ENABLED: True, Gate.CHATBOT_ENABLED: True}
        self.access.put_workspace(decided, **gates)
        member = DecidedMember(UserId(f"usr_{slug}"), f"{slug}@example.com", "A", "Admin")
        self.access.put_member(ids[0], member)
        self.access.issue(TokenId(f"tok_{slug}"), member.user_id)

    def set_gates(self, slug: str, **gates: bool) -> None:
        """Let these gates be all that is known of a workspace's."""
        ids = (WorkspaceId(f"ws_{slug}"), TeamId("team_a"))
        self.access.put_workspace(
            DecidedWorkspace(ids[0], slug, slug.title(), "active", ids[1]), **gates
        )

    def token(self, slug: str = "acme", **claims: Any) -> str:
        """Return a token of the workspace's member, with some claims changed."""
        now = int(datetime.now(UTC).timestamp())
        said = {
            "iss": self.settings.issuer,
            "sub": f"usr_{slug}",
            "aud": [self.settings.mcp_url(slug)],
            "iat": now,
            "exp": now + 60,
            "jti": f"tok_{slug}",
            "client_id": "client",
            "scope": "workspace:read",
            **claims,
        }
        head = {"alg": "RS256", "kid": "one", "typ": "at+jwt"}
        return str(jwt.encode(head, said, KEY, algorithms=["RS256"]))

    def app(self) -> Starlette:
        """Return it as an application; behind it everything is answered 200."""
        services = stack.Services(
            metadata=IssuerMetadata(self.wire.http, self.feed, issuer=self.settings.issuer),
            registry=self.registry,
            keys=MemoryKeys({"one": KEY}),
            access=self.access,
            circuits=Circuits(),
            calls=RunningCalls(NoRelay()),
        )
        inner = Starlette(routes=[Route("/mcp", _answer, methods=["POST"])])
        metrics = open_metrics(statsd_host=None, statsd_port=8125)
        return Starlette(
            routes=[Mount("/", stack.build(inner, settings=self.settings, services=services))],
            middleware=[Middleware(EdgeMiddleware, max_body_bytes=10_000, metrics=metrics)],
        )

    @asynccontextmanager
    async def open(self, *, client_ip: str = PROXY) -> AsyncIterator["Visitor"]:
        """Let somebody come to it; by default through the proxy."""
        transport = httpx.ASGITransport(self.app(), client=(client_ip, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1:8000") as http:
            yield Visitor(http)


class Visitor:
    """Whoever comes to the front door; the proxy tells which host was asked for, over TLS."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(
        self, path: str, *, host: str = "acme.example.com", **headers: str
    ) -> httpx.Response:
        """Ask for a document."""
        return await self._http.get(path, headers={**_forwarded(host), **headers})

    async def post(
        self,
        path: str = "/mcp",
        *,
        host: str = "acme.example.com",
        token: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send a message."""
        sent = {**_forwarded(host), "Content-Type": "application/json", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return await self._http.post(path, content=json.dumps(PING), headers=sent)


def _forwarded(host: str) -> dict[str, str]:
    return {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https"}


async def _answer(request: Request) -> JSONResponse:
    del request
    return JSONResponse({"jsonrpc": "2.0", "id": 1, "result": {}})
