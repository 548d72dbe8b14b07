"""The manager as a whole: opened and closed, with or without HTTP."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from overset.kernel.database import Database
from overset.kernel.errors import SettingsError, Unavailable
from overset.kernel.ids import WorkspaceId
from overset.kernel.settings import load
from overset.manager.app import create_app
from overset.manager.services import open_manager
from overset.manager.workspaces.provisioner import NullProvisioner
from overset.rest.layers.body_limit import BodyLimitLayer
from support.manager import Client, make_member, make_settings, serving


def test_the_manager_never_loads_superset():
    code = (
        "import sys, overset.manager.app, overset.tenancy.provisioning.create\n"
        "unwanted = {'superset', 'flask', 'fastmcp', 'flask_appbuilder'} & set(sys.modules)\n"
        "sys.exit(', '.join(unwanted) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_an_application_opens_and_closes_its_own_manager(tmp_path: Path):
    app = create_app(make_settings(tmp_path))

    async def live() -> None:
        async with app.router.lifespan_context(app):
            assert app.state.services[Database].engine.pool.checkedin() == 1

    assert Client(app).get("/health/ready").status_code == 200
    asyncio.run(live())
    assert app.state.services[Database].engine.pool.checkedin() == 0


def test_without_a_master_key_only_a_demonstration_starts(tmp_path: Path):
    with pytest.raises(SettingsError, match="OVERSET_MASTER_KEY"):
        open_manager(load(home=tmp_path))
    open_manager(load(home=tmp_path, demo=True)).close()
    open_manager(load(home=tmp_path)).close()


def test_what_was_written_is_there_after_a_restart(tmp_path: Path):
    with open_manager(make_settings(tmp_path)) as manager:
        user = manager.users.create("ada@example.com", operator=True)
        kid = manager.keys.signer().kid
        value = manager.tokens.issue(user.id).value

    with open_manager(make_settings(tmp_path)) as manager:
        assert manager.users.get_by_email("ADA@example.com") == user
        assert manager.keys.signer().kid == kid
        app = create_app(manager.settings, services=manager)
        assert Client(app, value).get("/api/v1/users").status_code == 200


def test_what_an_earlier_process_could_not_drop_is_dropped_at_the_next_start(tmp_path: Path):
    class Busy(NullProvisioner):
        def drop(self, workspace_id: WorkspaceId) -> None:
            raise OSError("busy")

    settings, left = make_settings(tmp_path), set()
    with open_manager(settings, provisioner=Busy(left)) as manager:
        make_member(manager)
        with pytest.raises(Unavailable):
            manager.workspaces.delete("acme")
    assert len(left) == 1

    with (
        open_manager(settings, provisioner=NullProvisioner(left)) as manager,
        serving(create_app(settings, services=manager)),
    ):
        assert left == set()


def test_half_a_body_reaches_nobody(tmp_path: Path):
    reached = []

    async def app(*_: object) -> None:
        reached.append("app")

    async def leave(messages: list) -> None:
        async def receive() -> dict:
            return messages.pop(0)

        async def send(message: dict) -> None:
            reached.append(message)

        scope = {"type": "http", "headers": []}
        await BodyLimitLayer(app, max_bytes=1024)(scope, receive, send)

    half = {"type": "http.request", "body": b"{", "more_body": True}
    asyncio.run(leave([half, {"type": "http.disconnect"}]))

    assert reached == []
