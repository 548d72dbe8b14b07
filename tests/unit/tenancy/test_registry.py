"""Workspaces are found at the manager, and forgotten when they change."""

import pytest

from overset.kernel.changes import Change, ChangeKind, MemoryFeed
from overset.kernel.errors import Unavailable
from overset.kernel.ids import TeamId, WorkspaceId
from overset.tenancy.registry import ManagerRegistry, MemoryRegistry
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.wire import Ticks, Wire

pytestmark = pytest.mark.anyio

ACME = {"id": "ws_a", "slug": "acme", "name": "Acme", "state": "active", "team_id": "team_a"}
WORKSPACE = Workspace(WorkspaceId("ws_a"), "acme", "Acme", WorkspaceState.ACTIVE, TeamId("team_a"))


class Bench:
    """A manager with one workspace, and the registry that asks it."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.wire.manager.workspaces = {"acme": ACME, "ws_a": ACME}
        self.feed = MemoryFeed()
        self.clock = Ticks()
        self.registry = ManagerRegistry(self.wire.http, self.feed, clock=self.clock)

    @property
    def asked(self) -> int:
        return self.wire.manager.asked["workspace"]

    def change(self, kind: str, workspace_id: str | None = None) -> None:
        named = WorkspaceId(workspace_id) if workspace_id else None
        self.feed.publish(Change(1, ChangeKind(kind), workspace_id=named))


async def test_a_workspace_is_found_by_slug_and_by_id():
    bench = Bench()
    found = [await bench.registry.find(locator) for locator in ("acme", "ws_a", "acme", "ws_a")]

    assert found == [WORKSPACE] * 4
    assert found[0] is not None
    assert found[0].state is WorkspaceState.ACTIVE
    assert bench.asked == 2


async def test_what_is_not_there_is_none_and_asked_for_again_only_after_a_while():
    bench = Bench()
    for _ in range(3):
        assert await bench.registry.find("nobody") is None
    assert bench.asked == 1
    bench.clock.advance(10)
    await bench.registry.find("nobody")

    assert bench.asked == 2


async def test_a_new_workspace_is_found_at_once():
    bench = Bench()
    assert await bench.registry.find("globex") is None
    bench.wire.manager.workspaces["globex"] = ACME | {"id": "ws_b", "slug": "globex"}
    bench.change("workspace", "ws_b")

    assert await bench.registry.find("globex") is not None


async def test_a_suspended_workspace_is_suspended_at_once():
    bench = Bench()
    await bench.registry.find("acme")
    bench.wire.manager.workspaces["acme"] = ACME | {"state": "suspended"}
    bench.change("workspace", "ws_a")
    found = await bench.registry.find("acme")

    assert found is not None
    assert found.state is WorkspaceState.SUSPENDED


async def test_changes_of_others_forget_nothing():
    bench = Bench()
    await bench.registry.find("acme")
    for kind, workspace_id in (("workspace", "ws_b"), ("member", "ws_a"), ("gate", None)):
        bench.change(kind, workspace_id)
    await bench.registry.find("acme")

    assert bench.asked == 1


@pytest.mark.parametrize(
    "locator",
    [
        "",
        "../access",
        "acme/../x",
        "ACME",
        "a" * 65,
        "acme?x=1",
        "acme#",
        "a%2Fb",
        "ä",
        "acme\n",
        "-a",
    ],
)
async def test_what_no_workspace_is_called_is_not_asked_for(locator):
    bench = Bench()

    assert await bench.registry.find(locator) is None
    assert bench.asked == 0


@pytest.mark.parametrize("changed", [{"slug": "globex", "id": "ws_b"}, {"state": "dreaming"}])
async def test_an_answer_that_cannot_be_right_is_no_answer(changed):
    bench = Bench()
    bench.wire.manager.workspaces["acme"] = ACME | changed

    with pytest.raises(Unavailable):
        await bench.registry.find("acme")


async def test_known_workspaces_bridge_an_outage_and_unknown_ones_are_unavailable():
    bench = Bench()
    await bench.registry.find("acme")
    bench.feed.healthy, bench.wire.cable.cut = False, True

    assert await bench.registry.find("acme") == WORKSPACE
    with pytest.raises(Unavailable):
        await bench.registry.find("globex")


async def test_the_twin_in_memory_finds_the_same():
    registry = MemoryRegistry([WORKSPACE])
    assert await registry.find("acme") is await registry.find("ws_a") is WORKSPACE
    registry.remove(WORKSPACE)
    assert await registry.find("acme") is None
    registry.put(WORKSPACE)

    assert await registry.find("acme") is WORKSPACE
