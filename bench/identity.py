"""What sign-in costs: token requests at a steady rate, and verifying a token on a call."""

import asyncio
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx

from bench.figures import ONE, Row
from bench.load import MOST_CLIENT_SHARE
from bench.run import Options, Run
from overset.auth.jwks import ManagerKeys
from overset.auth.jwt import Verifier
from overset.kernel.changes import MemoryFeed
from overset.kernel.ids import UserId, new_grant_id
from overset.manager.grants.model import Grant

_RATE = 50
_CLIENTS = 100
_SECONDS = 10
_VERIFIED = 2000
_REQUEST = f"a token request at {_RATE} a second, p95"
_VERIFY = "verifying a token, p50"


def rows(_: Options) -> Iterator[Row]:
    """Return what is asked."""
    yield Row(_REQUEST, "ms", judged=(ONE,), limit=40)
    yield Row(_VERIFY, "ms", judged=(ONE,), limit=0.3)


def measure(run: Run) -> None:
    """Refresh many clients' tokens in turn, each at its time whatever the answers before took."""
    for number in range(run.options.rounds):
        run.say(f"token requests, round {number + 1} of {run.options.rounds}")
        used, start = time.process_time(), time.monotonic()
        times = asyncio.run(_refresh(run))
        share = (time.process_time() - used) / (time.monotonic() - start)
        run.figures.add(_REQUEST, ONE, statistics.quantiles(times, n=20)[-1])
        run.figures.client_share = max(run.figures.client_share, share)
        if share > MOST_CLIENT_SHARE:
            run.figures.spoil(_REQUEST, ONE, f"the client used {share:.0%} of a core")
        run.figures.add(_VERIFY, ONE, asyncio.run(_verify(run)))


async def _refresh(run: Run) -> list[float]:
    """Return the milliseconds of each request, counted from when it was due."""
    tokens = _open_grants(run)
    times: list[float] = []
    async with httpx.AsyncClient(base_url=run.platform.settings.issuer) as http:

        async def refresh(number: int, due: float) -> None:
            client = number % _CLIENTS
            form = {
                "grant_type": "refresh_token",
                "refresh_token": tokens[client],
                "client_id": _client_id(run),
            }
            answer = await http.post("/token", data=form)
            answer.raise_for_status()
            tokens[client] = answer.json()["refresh_token"]
            times.append((time.perf_counter() - due) * 1000)

        async with asyncio.TaskGroup() as group:
            start = time.perf_counter()
            for number in range(_RATE * _SECONDS):
                due = start + number / _RATE
                await asyncio.sleep(max(0, due - time.perf_counter()))
                group.create_task(refresh(number, due))
    return times


def _client_id(run: Run) -> str:
    """Return the one public client of the measurement, made on first use."""
    clients = run.platform.manager.clients
    known = next((one for one in clients.page().items if one.name == "Benchmark"), None)
    made = known or clients.create("Benchmark", redirect_uris=["http://127.0.0.1/callback"]).client
    return str(made.id)


def _open_grants(run: Run) -> list[str]:
    manager, settings = run.platform.manager, run.platform.settings
    now = datetime.now(UTC)
    workspace = manager.workspaces.get("acme")
    tokens = []
    for _ in range(_CLIENTS):
        grant = Grant(
            id=new_grant_id(),
            user_id=UserId(run.platform.user()),
            client_id=_client_id(run),
            workspace_id=workspace.id,
            audience=[settings.mcp_url("acme")],
            scope="workspace:read",
            session_id=None,
            authenticated_at=now,
            created_at=now,
            expires_at=now + timedelta(days=1),
            revoked_at=None,
        )
        issued = manager.oauth.server.grants.open(grant, refreshable=True)
        tokens.append(issued.refresh_token if issued and issued.refresh_token else "")
    return tokens


async def _verify(run: Run) -> float:
    """Return the median milliseconds of verifying one token again and again, its key known."""
    settings, token = run.platform.settings, run.platform.token()
    times = []
    async with httpx.AsyncClient(base_url=settings.issuer) as http:
        verifier = Verifier(ManagerKeys(http, MemoryFeed()), issuer=settings.issuer)
        for _ in range(_VERIFIED):
            start = time.perf_counter()
            await verifier.verify(token, audience=settings.mcp_url("acme"))
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)
