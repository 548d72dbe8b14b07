"""Workspaces: complete or not at all, and gone for ever once deleted."""

import pytest

from overset.kernel.errors import Conflict, InvalidRequest, NotFound, Unavailable
from overset.kernel.ids import WorkspaceId
from overset.manager.services import Manager, open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.tenancy.workspace import WorkspaceState
from support.manager import Clock, make_member


class Broken(NullProvisioner):
    """Fails where it is told to, as a full disk or an interrupted command would."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.drop_error: Exception | None = None

    def create(self, workspace_id: WorkspaceId) -> None:
        super().create(workspace_id)
        if self.error is not None:
            raise self.error

    def drop(self, workspace_id: WorkspaceId) -> None:
        if self.drop_error is not None:
            raise self.drop_error
        super().drop(workspace_id)


@pytest.fixture
def broken(manager_settings, clock: Clock):
    provisioner = Broken()
    with open_manager(manager_settings, provisioner=provisioner, now=clock) as opened:
        opened.teams.create("demo", name="Demo")
        yield opened, provisioner


def test_a_workspace_is_published_once_it_is_complete(broken):
    manager, provisioner = broken
    seen = []
    provisioner.create = lambda workspace_id: seen.append(manager.workspaces.get(workspace_id))

    created = manager.workspaces.create("acme", name="Acme Inc.", team="demo")

    assert [workspace.state for workspace in seen] == [WorkspaceState.PROVISIONING]
    assert created.state is WorkspaceState.ACTIVE
    assert (created.slug, created.name) == ("acme", "Acme Inc.")


def test_nobody_enters_or_switches_a_workspace_that_is_being_made(broken):
    manager, provisioner = broken
    user = manager.users.create("ada@example.com")
    refused = []

    def enter(workspace_id: WorkspaceId) -> None:
        manager.members.put("acme", user.id, role="Admin")
        token = manager.tokens.issue(user.id, workspaces=["acme"]).token
        refused.append(
            manager.access.decide(
                subject=user.id, token_id=token.id, client_id=None, workspace="acme"
            ).reason
        )
        with pytest.raises(Conflict):
            manager.workspaces.suspend("acme")

    provisioner.create = enter
    manager.workspaces.create("acme", team="demo")

    assert refused == ["workspace_unknown"]


def test_what_fails_half_way_leaves_nothing(broken):
    manager, provisioner = broken
    provisioner.error = OSError("No space left on device: postgresql://u:secret@h")

    with pytest.raises(Unavailable, match="OSError") as refusal:
        manager.workspaces.create("acme", team="demo")
    assert "secret" not in refusal.value.detail
    assert provisioner.existing == set()
    assert manager.workspaces.find("acme") is None

    provisioner.error = None
    assert manager.workspaces.create("acme", team="demo").state is WorkspaceState.ACTIVE


def test_an_interrupted_command_leaves_nothing(broken):
    manager, provisioner = broken
    provisioner.error = KeyboardInterrupt()

    with pytest.raises(KeyboardInterrupt):
        manager.workspaces.create("acme", team="demo")
    assert provisioner.existing == set()
    assert manager.workspaces.find("acme") is None


def test_a_workspace_that_is_deleted_while_it_is_made_is_dropped(broken):
    manager, provisioner = broken

    def create_slowly(workspace_id: WorkspaceId) -> None:
        manager.workspaces.delete("acme")
        provisioner.existing.add(workspace_id)

    provisioner.create = create_slowly

    with pytest.raises(Conflict) as refusal:
        manager.workspaces.create("acme", team="demo")
    assert refusal.value.code == "workspace_deleted"
    assert provisioner.existing == set()


def test_a_slug_is_taken_once_and_free_after_deletion(manager: Manager, provisioner):
    first, _ = make_member(manager)
    with pytest.raises(Conflict) as refusal:
        manager.workspaces.create("acme", team="demo")
    assert refusal.value.code == "workspace_exists"

    manager.workspaces.delete("acme")
    second = manager.workspaces.create("acme", team="demo")
    assert second.id != first.id
    assert provisioner.existing == {second.id}
    assert manager.members.page("acme").items == []
    with pytest.raises(NotFound):
        manager.workspaces.get(first.id)


def test_what_could_not_be_dropped_is_dropped_later(broken):
    manager, provisioner = broken
    created = manager.workspaces.create("acme", team="demo")
    provisioner.drop_error = OSError("busy")

    with pytest.raises(Unavailable) as refusal:
        manager.workspaces.delete("acme")
    assert refusal.value.code == "workspace_drop_failed"
    assert manager.workspaces.find("acme") is None
    assert manager.workspaces.purge() == 1

    provisioner.drop_error = None
    assert created.id in provisioner.existing
    assert manager.workspaces.purge() == 0
    assert provisioner.existing == set()


def test_what_was_set_of_gates_goes_with_the_workspace(manager: Manager):
    workspace, _ = make_member(manager)
    manager.gates.set_workspace("CHATBOT_ENABLED", "acme", on=False)
    assert manager.gates.state("CHATBOT_ENABLED").workspaces == {workspace.id: False}

    manager.workspaces.delete("acme")
    assert manager.gates.state("CHATBOT_ENABLED").workspaces == {}


def test_a_slug_is_a_host_name_s_label(manager: Manager):
    manager.teams.create("demo", name="Demo")

    for slug in (
        "",
        "-a",
        "a-",
        "A",
        "a.b",
        "a/b",
        "api",
        "localhost",
        "a" * 41,
        "ä",
        "a\n",
        "a_b",
    ):
        with pytest.raises(InvalidRequest) as refusal:
            manager.workspaces.create(slug, team="demo")
        assert refusal.value.code == "slug_invalid"


def test_a_team_is_deleted_after_its_workspaces(manager: Manager):
    make_member(manager)
    with pytest.raises(Conflict) as refusal:
        manager.teams.delete("demo")
    assert refusal.value.code == "team_owns_workspaces"

    manager.workspaces.delete("acme")
    manager.teams.delete("demo")
    assert manager.teams.find("demo") is None
