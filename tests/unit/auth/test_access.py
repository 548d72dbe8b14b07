"""Decisions: asked for, believed if they make sense, kept until something changes."""

from typing import Any

import pytest

from overset.auth.access import (
    Access,
    DecidedMember,
    DecidedWorkspace,
    Decision,
    Denial,
    ManagerAccess,
)
from overset.auth.memory import MemoryAccess
from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.errors import Unavailable
from overset.kernel.ids import SessionId, TeamId, TokenId, UserId, WorkspaceId
from support.wire import Ticks, Wire

pytestmark = pytest.mark.anyio

TEAM = TeamId("team_a")
WORKSPACE = {"id": "ws_a", "slug": "acme", "name": "Acme", "state": "active", "team_id": "team_a"}
MEMBER = {"user_id": "usr_a", "email": "ann@example.com", "name": "Ann", "role": "Alpha"}
YES = {
    "allowed": True,
    "reason": None,
    "workspace": WORKSPACE,
    "member": MEMBER,
    "gates": {"MCP_SERVICE_ENABLED": True},
}
NO = {
    "allowed": False,
    "reason": "not_a_member",
    "workspace": None,
    "member": None,
    "gates": {"MCP_SERVICE_ENABLED": True},
}


class Bench:
    """A manager with one decision, and what asks for it."""

    def __init__(self, decision: dict[str, Any]) -> None:
        self.wire = Wire()
        self.wire.manager.decisions = {"acme": decision}
        self.feed = MemoryFeed()
        self.clock = Ticks()
        self.access = ManagerAccess(self.wire.http, self.feed, clock=self.clock)

    @property
    def asked(self) -> int:
        return self.wire.manager.asked["access"]

    async def decide(self, workspace: str = "acme", **changed: str) -> Decision:
        return await ask(self.access, workspace, **changed)


async def ask(access: Access, workspace: str = "acme", **changed: str) -> Decision:
    return await access.decide(
        subject=UserId(changed.get("subject", "usr_a")),
        token_id=TokenId(changed.get("token_id", "tok_a")),
        client_id=changed.get("client_id", "claude"),
        workspace=workspace,
    )


async def ask_for_browser(access: Access, session_id: str | None = "ses_a") -> Decision:
    sign_in = None if session_id is None else SessionId(session_id)
    return await access.decide_sign_in(
        subject=UserId("usr_a"), session_id=sign_in, workspace="acme"
    )


async def test_a_decision_says_who_and_where_and_which_gates():
    decision = await Bench(YES).decide()

    assert decision == Decision(
        allowed=True,
        workspace=DecidedWorkspace(WorkspaceId("ws_a"), "acme", "Acme", "active", TeamId("team_a")),
        member=DecidedMember(UserId("usr_a"), "ann@example.com", "Ann", "Alpha"),
        gates={"MCP_SERVICE_ENABLED": True},
    )


@pytest.mark.parametrize("reason", list(Denial))
async def test_a_denial_says_why(reason):
    decision = await Bench(NO | {"reason": reason}).decide()

    assert not decision.allowed
    assert decision.reason is reason


@pytest.mark.parametrize(
    "changed",
    [
        {"allowed": False},
        {"allowed": True, "reason": "token_revoked"},
        {"allowed": "perhaps"},
        {"reason": "because"},
        {"workspace": None},
        {"member": None},
        {"workspace": WORKSPACE | {"id": "ws_b", "slug": "globex"}},
        {"member": MEMBER | {"user_id": "usr_b"}},
        {"gates": None},
        {"gates": {"MCP_SERVICE_ENABLED": "maybe"}},
    ],
    ids=str,
)
async def test_a_decision_that_contradicts_itself_lets_nobody_in(changed):
    with pytest.raises(Unavailable):
        await Bench(YES | changed).decide()


@pytest.mark.parametrize("status", [301, 401, 404, 500])
async def test_an_error_of_the_manager_lets_nobody_in(status):
    bench = Bench(YES)
    bench.wire.manager.status = status

    with pytest.raises(Unavailable):
        await bench.decide()


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("workspace", {"workspace_id": "ws_a"}),
        ("member", {"workspace_id": "ws_a", "user_id": "usr_a"}),
        ("user", {"user_id": "usr_a"}),
        ("token", {"token_id": "tok_a", "user_id": "usr_a"}),
        ("gate", {"workspace_id": "ws_a"}),
        ("gate", {}),
    ],
)
@pytest.mark.parametrize("decision", [YES, NO], ids=["allowed", "denied"])
async def test_a_change_that_may_matter_drops_the_decision(kind, ids, decision):
    bench = Bench(decision)
    await bench.decide()
    await bench.decide()
    assert bench.asked == 1
    bench.feed.publish(Change(1, ChangeKind(kind), **ids))
    await bench.decide()

    assert bench.asked == 2


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("workspace", {"workspace_id": "ws_b"}),
        ("member", {"workspace_id": "ws_a", "user_id": "usr_b"}),
        ("member", {"workspace_id": "ws_b", "user_id": "usr_a"}),
        ("user", {"user_id": "usr_b"}),
        ("token", {"token_id": "tok_b", "user_id": "usr_a"}),
        ("gate", {"workspace_id": "ws_b"}),
        ("key", {}),
        ("session", {"user_id": "usr_a"}),
    ],
)
async def test_a_change_of_somebody_else_does_not(kind, ids):
    bench = Bench(YES)
    await bench.decide()
    bench.feed.publish(Change(1, ChangeKind(kind), **ids))
    await bench.decide()

    assert bench.asked == 1


async def test_each_bearer_has_a_decision_of_its_own():
    bench = Bench(NO)
    for changed in ({}, {"subject": "usr_b"}, {"token_id": "tok_b"}, {"client_id": "other"}):
        await bench.decide(**changed)

    assert bench.asked == 4


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("session", {"user_id": "usr_a"}),
        ("member", {"workspace_id": "ws_a", "user_id": "usr_a"}),
        ("workspace", {"workspace_id": "ws_a"}),
        ("user", {"user_id": "usr_a"}),
    ],
)
async def test_a_decision_about_a_browser_is_dropped_when_a_sign_in_of_that_person_ends(kind, ids):
    bench = Bench(YES)
    await ask_for_browser(bench.access)
    bench.feed.publish(Change(1, ChangeKind.SESSION, user_id=UserId("usr_b")))
    bench.feed.publish(Change(2, ChangeKind.TOKEN, user_id=UserId("usr_a"), token_id=TokenId("t")))
    await ask_for_browser(bench.access)
    assert bench.asked == 1
    bench.feed.publish(Change(3, ChangeKind(kind), **ids))
    await ask_for_browser(bench.access)

    assert bench.asked == 2


async def test_a_browser_never_gets_the_decision_of_another_sign_in_or_of_a_token():
    bench = Bench(YES)
    await bench.decide()
    for session_id in ("ses_a", "ses_b", None, "ses_a"):
        await ask_for_browser(bench.access, session_id)

    assert bench.asked == 4


async def test_a_decision_is_kept_for_sixty_seconds_at_most_whatever_is_asked_for():
    bench = Bench(YES)
    access = ManagerAccess(bench.wire.http, bench.feed, ttl=3600, clock=bench.clock)
    await ask(access)
    bench.clock.advance(60)
    await ask(access)

    assert bench.asked == 2


async def test_without_a_feed_every_decision_is_asked_for_and_an_old_one_bridges_an_outage():
    bench = Bench(YES)
    bench.feed.healthy = False
    await bench.decide()
    await bench.decide()
    assert bench.asked == 2
    bench.wire.cable.cut = True
    assert (await bench.decide()).allowed
    bench.clock.advance(60)
    with pytest.raises(Unavailable):
        await bench.decide()


async def test_what_is_too_long_to_be_a_workspace_is_not_asked_for():
    bench = Bench(YES)
    decision = await bench.decide("x" * 65)

    assert decision == Decision(allowed=False, reason=Denial.WORKSPACE_UNKNOWN)
    assert bench.asked == 0


async def test_the_twin_in_memory_decides_in_the_managers_order():
    twin = MemoryAccess()
    acme = DecidedWorkspace(WorkspaceId("ws_a"), "acme", "Acme", "active", TeamId("team_a"))
    ann = DecidedMember(UserId("usr_a"), "ann@example.com", "Ann", "Alpha")
    reasons = []

    async def note() -> None:
        reasons.append((await ask(twin)).reason)

    await note()
    twin.issue(TokenId("tok_a"), UserId("usr_a"))
    await note()
    twin.put_workspace(acme, MCP_SERVICE_ENABLED=True)
    await note()
    twin.put_member(acme.id, ann)
    allowed = await ask(twin, "ws_a")
    twin.set_state(acme.id, "suspended")
    await note()
    twin.remove_member(acme.id, ann.user_id)
    await note()
    twin.disable(UserId("usr_a"))
    await note()
    twin.revoke(TokenId("tok_a"))
    await note()

    assert allowed == Decision(
        allowed=True, workspace=acme, member=ann, gates={"MCP_SERVICE_ENABLED": True}
    )
    assert reasons == [
        Denial.TOKEN_UNKNOWN,
        Denial.WORKSPACE_UNKNOWN,
        Denial.NOT_A_MEMBER,
        Denial.WORKSPACE_SUSPENDED,
        Denial.NOT_A_MEMBER,
        Denial.USER_DISABLED,
        Denial.TOKEN_REVOKED,
    ]


async def test_a_token_in_memory_counts_only_for_whom_it_was_issued():
    twin = MemoryAccess()
    twin.issue(TokenId("tok_a"), UserId("usr_b"))

    assert (await ask(twin)).reason is Denial.TOKEN_UNKNOWN


async def test_the_twin_in_memory_knows_whose_a_sign_in_is_and_when_it_ends():
    twin = MemoryAccess()
    twin.put_workspace(DecidedWorkspace(WorkspaceId("ws_a"), "acme", "Acme", "active", TEAM))
    twin.put_member(WorkspaceId("ws_a"), DecidedMember(UserId("usr_a"), "ann@x.com", "Ann", "A"))
    twin.sign_in(SessionId("ses_a"), UserId("usr_a"))
    twin.sign_in(SessionId("ses_b"), UserId("usr_b"))

    assert (await ask_for_browser(twin)).allowed
    assert (await ask_for_browser(twin, None)).allowed
    assert (await ask_for_browser(twin, "ses_b")).reason is Denial.SESSION_ENDED
    twin.sign_out(SessionId("ses_a"))
    assert (await ask_for_browser(twin)).reason is Denial.SESSION_ENDED
