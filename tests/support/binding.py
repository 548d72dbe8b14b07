"""The binding itself, in this very process: one Superset, two workspaces cloned from one template.

Both have a user 1 and a dashboard 1, which are other people's and other things: whatever crosses
from one to the other is seen by its name. Only one installation is possible in a process, so all
tests share it, and the hooks that a run leaves out are left out of it.
"""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from werkzeug.security import generate_password_hash

from overset.kernel.ids import TeamId, WorkspaceId
from overset.kernel.secrets import Keys, load_keys
from overset.kernel.settings import Settings
from overset.tenancy.binding.app import make_app
from overset.tenancy.binding.hooks import ALL, Hook
from overset.tenancy.binding.installation import install
from overset.tenancy.context import entered
from overset.tenancy.locations import metadata_url
from overset.tenancy.provisioning.create import make_provisioner
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.pages import PagesPlugin
from support.provisioning import adopt_template, settings_for

PASSWORD = "the-same-in-both"
AGENT = "a-browser"


@dataclass(frozen=True, slots=True)
class Bound:
    """This process's Superset, and the two workspaces to bind it to: `a` and `b`."""

    app: Flask
    settings: Settings
    keys: Keys
    a: Workspace
    b: Workspace

    @contextmanager
    def request(self, workspace: Workspace, path: str = "/", **options: Any) -> Iterator[None]:
        """Run a block as a browser's request to a workspace, without a user."""
        origin = self.settings.workspace_origin(workspace.slug)
        options.setdefault("headers", {"User-Agent": AGENT})
        with (
            entered(workspace),
            self.app.test_request_context(path, base_url=origin, **options),
        ):
            yield

    def get(self, workspace: Workspace, path: str, **headers: str) -> Any:
        """Return the answer to a GET that the web would serve in a workspace."""
        return self.ask(workspace, "GET", path, **headers)

    def ask(
        self, workspace: Workspace, method: str, path: str, *, json: Any = None, **headers: str
    ) -> Any:
        """Return the answer to a request; its client has no cookies of its own."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with entered(workspace):
            return self.app.test_client(use_cookies=False).open(
                path,
                method=method,
                json=json,
                base_url=self.settings.workspace_origin(workspace.slug),
                headers={"User-Agent": AGENT, **sent},
            )

    def session_cookie(self, workspace: Workspace, user_id: int = 1) -> str:
        """Return the session cookie that signing in to a workspace sets."""
        from flask import session
        from flask_login import login_user
        from superset import security_manager

        with self.request(workspace):
            login_user(security_manager.get_user_by_id(user_id))
            signer = self.app.session_interface.get_signing_serializer(self.app)
            return f"session={signer.dumps(dict(session))}"

    def access_token(self, workspace: Workspace) -> str:
        """Return what Superset's own login API gives the workspace's user 1."""
        name = PEOPLE[workspace.slug]
        form = {"username": name, "password": PASSWORD, "provider": "db", "refresh": True}
        answer = self.ask(workspace, "POST", "/api/v1/security/login", json=form)
        return str(answer.json["access_token"])

    def metadata(self, workspace: Workspace) -> str:
        """Return the URL of a workspace's metadata database."""
        return metadata_url(self.settings, self.keys, workspace.id)


PEOPLE = {"acme": "alice", "globex": "bob"}
"""Who is user 1 of each workspace."""


def _make_workspace(slug: str) -> Workspace:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    name = "ws_" + "".join(secrets.choice(letters) for _ in range(26))
    return Workspace(WorkspaceId(name), slug, slug.title(), WorkspaceState.ACTIVE, TeamId("t"))


def fill(url: str, *, slug: str) -> None:
    """Write a user 1 and three dashboards by plain SQL: with any hook out, this still works."""
    engine = create_engine(url)
    name = PEOPLE[slug]
    user = {
        "name": name,
        "email": f"{name}@example.com",
        "password": generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000"),
    }
    with engine.begin() as connection:
        connection.execute(_USER, user)
        connection.execute(_ROLE)
        for number in (1, 2, 3):
            title = f"Dashboard {number} of {slug}"
            uuid = bytes([number]) * 16 if engine.name == "sqlite" else f"{number:032x}"
            connection.execute(_DASHBOARD, {"id": number, "title": title, "uuid": uuid})
    engine.dispose()


_USER = text("""
    INSERT INTO ab_user
        (id, first_name, last_name, username, password, active, email, created_on, changed_on)
    VALUES
        (1, :name, 'Test', :name, :password, true, :email, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)
""")
_ROLE = text("""
    INSERT INTO ab_user_role (id, user_id, role_id)
    SELECT 1, 1, id FROM ab_role WHERE name = 'Admin'
""")
_DASHBOARD = text("""
    INSERT INTO dashboards (id, dashboard_title, slug, uuid, published, created_on, changed_on)
    VALUES (:id, :title, 'd' || :id, :uuid, true, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)
""")


def make_workspaces(settings: Settings, keys: Keys) -> tuple[Workspace, Workspace]:
    """Provision and fill two workspaces."""
    a, b = _make_workspace("acme"), _make_workspace("globex")
    for workspace in (a, b):
        make_provisioner(settings, keys).create(workspace.id)
        fill(metadata_url(settings, keys, workspace.id), slug=workspace.slug)
    return a, b


@pytest.fixture(scope="session")
def bound(template_home: Path, hooks_without: frozenset[Hook]) -> Iterator[Bound]:
    """The binding, installed in this process with caches in memory."""
    with tempfile.TemporaryDirectory(prefix="overset-home-") as folder:
        home = Path(folder) / "home"
        adopt_template(template_home, home)
        settings = settings_for(home, cache="memory")
        keys = load_keys(settings)
        a, b = make_workspaces(settings, keys)
        # What Superset needs in the environment, it reads once; later tests start other programs.
        with patch.dict(os.environ):
            plugins = [PagesPlugin(settings, (a, b))]
            install(settings, keys=keys, hooks=ALL - hooks_without, plugins=plugins)
            app = make_app()
        yield Bound(app, settings, keys, a, b)


def in_thread(work: Callable[[], Any]) -> Any:
    """Return what `work` returns, or the exception it raises, in a new and unbound thread."""
    from threading import Thread

    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcome.append(error)

    thread = Thread(target=run)
    thread.start()
    thread.join(timeout=60)
    assert not thread.is_alive()
    return outcome[0]
