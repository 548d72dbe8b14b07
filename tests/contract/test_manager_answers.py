"""What the data plane relies on in the manager: the real one, over real HTTP."""

import anyio
import pytest
from httpx import AsyncClient

from overset.auth.access import Denial, ManagerAccess
from overset.auth.jwks import ManagerKeys
from overset.auth.jwt import Verifier
from overset.kernel.feeds import PollingFeed, RedisFeed
from overset.kernel.ids import SessionId, TokenId, UserId
from overset.manager.app import create_app
from overset.manager.people.model import Method
from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.tenancy.registry import ManagerRegistry
from overset.tenancy.workspace import WorkspaceState
from support.manager import make_member, make_settings, serving
from support.redis import RedisServer
from support.wire import eventually

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def client_of(manager: Manager, url: str) -> AsyncClient:
    key = manager.service_key.get_secret_value()
    return AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"})


async def test_a_token_of_the_manager_is_verified_decided_on_and_revoked_within_a_second(
    manager: Manager,
):
    _, user = make_member(manager, "acme", role="Alpha")
    issued = manager.tokens.issue(user.id, workspaces=["acme"])
    with serving(create_app(manager.settings, services=manager)) as url:
        async with client_of(manager, url) as http:
            feed = PollingFeed(http)
            access, keys = ManagerAccess(http, feed), ManagerKeys(http, feed)
            registry = ManagerRegistry(http, feed)

            async def decide() -> Denial | None:
                decision = await access.decide(
                    subject=UserId(user.id),
                    token_id=TokenId(issued.token.id),
                    client_id=claims.client_id,
                    workspace="acme",
                )
                return decision.reason

            async with feed.running():
                verifier = Verifier(keys, issuer=manager.settings.issuer)
                claims = await verifier.verify(
                    issued.value, audience=manager.settings.mcp_url("acme")
                )
                workspace = await registry.find("acme")
                assert await registry.find("globex") is None
                assert await decide() is None

                manager.workspaces.suspend("acme")
                await reached(decide, Denial.WORKSPACE_SUSPENDED)
                suspended = await registry.find("acme")
                manager.workspaces.resume("acme")
                await reached(decide, None)
                manager.tokens.revoke(issued.token.id)
                await reached(decide, Denial.TOKEN_REVOKED)

    assert (claims.subject, claims.token_id) == (user.id, issued.token.id)
    assert workspace is not None
    assert workspace.state is WorkspaceState.ACTIVE
    assert suspended is not None
    assert suspended.state is WorkspaceState.SUSPENDED


async def test_a_sign_in_that_ends_is_out_of_every_workspace_within_a_second(manager: Manager):
    _, user = make_member(manager, "acme")
    session, _ = manager.sessions.begin(user.id, method=Method.PASSWORD, user_agent="", address="")
    with serving(create_app(manager.settings, services=manager)) as url:
        async with client_of(manager, url) as http:
            feed = PollingFeed(http)
            access = ManagerAccess(http, feed)

            async def decide(session_id: SessionId | None = session.id) -> Denial | None:
                decision = await access.decide_sign_in(
                    subject=user.id, session_id=session_id, workspace="acme"
                )
                return decision.reason

            async with feed.running():
                assert await decide() is None
                assert await decide(None) is None
                manager.sessions.end(session.id)
                await reached(decide, Denial.SESSION_ENDED)
                assert await decide(None) is None


async def test_the_manager_pushes_what_it_commits_through_redis(redis: RedisServer, tmp_path):
    settings = make_settings(tmp_path, redis_url=redis.url)
    with (
        open_manager(settings, provisioner=NullProvisioner()) as manager,
        serving(create_app(settings, services=manager)) as url,
    ):
        async with client_of(manager, url) as http:
            feed = RedisFeed(redis.url, http, interval=0.01, safety_interval=600)
            heard = []
            feed.subscribe(heard.append)
            async with feed.running():
                await eventually(lambda: feed.subscribed)
                _, user = make_member(manager, "acme")
                await eventually(
                    lambda: any(c and c.kind == "member" and c.user_id == user.id for c in heard)
                )


async def reached(decide, reason: Denial | None) -> None:
    """Ask until the decision is this one, for a second at most."""
    with anyio.fail_after(1):
        while await decide() is not reason:
            await anyio.lowlevel.checkpoint()
