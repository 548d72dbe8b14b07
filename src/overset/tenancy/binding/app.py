"""One Flask app per process, on which every workspace is bound in turn; read this file first.

`install` says how; `make_app` makes the app as Superset's MCP service itself would; `enter` binds.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Flask, g

from overset.kernel.errors import OversetError, SettingsError
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings, find_unsafe_environment, prepare_superset_environment
from overset.tenancy.binding.engines import STAMP, claim
from overset.tenancy.binding.hooks import ALL, Hook
from overset.tenancy.context import entered
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Installation:
    """How this process binds workspaces."""

    settings: Settings
    keys: Keys
    hooks: frozenset[Hook]
    base_secret: str
    """Signs nothing that counts: the value of routed secrets while the app is being built."""


_installation: Installation | None = None


def install(settings: Settings, *, keys: Keys, hooks: frozenset[Hook] = ALL) -> None:
    """Decide, once per process and before Superset is imported, how workspaces are bound.

    Args:
        settings: this process's settings.
        keys: the platform's keys.
        hooks: the isolation hooks; production leaves none out.

    Raises:
        SettingsError: the environment would make Superset's MCP service unsafe.
        OversetError: it was decided before.
    """
    global _installation  # noqa: PLW0603 - Superset's app is one per process, and so is this
    if _installation is not None:
        raise OversetError("workspaces are bound in this process already")
    if problems := find_unsafe_environment():
        raise SettingsError(problems)
    prepare_superset_environment(home=settings.home)
    _installation = Installation(settings, keys, hooks, secrets.token_urlsafe(42))


def get_installation() -> Installation:
    """Return how this process binds workspaces.

    Raises:
        OversetError: nothing was installed.
    """
    if _installation is None:
        raise OversetError("call `install` before Superset is imported")
    return _installation


@cache
def make_app() -> Flask:
    """Return this process's Flask app, made by Superset's MCP service on the first call."""
    get_installation()
    from superset.mcp_service.flask_singleton import get_flask_app

    from overset.tenancy.binding.assertions import assert_safe

    app: Flask = get_flask_app()
    assert_safe(app)
    return app


@contextmanager
def enter(workspace: Workspace, *, member: Member | None = None) -> Iterator[Any]:
    """Run a block inside a workspace, as a member of it; leave it in reverse, always.

    Yields the member's Superset user, or None without a member.

    Raises:
        UnboundError: the block would run in two workspaces.
        Forbidden: the membership's role does not exist there.
    """
    installation = get_installation()
    origin = installation.settings.workspace_origin(workspace.slug)
    # A request context, not an app context alone: only then Superset's tools keep `g.user`.
    with entered(workspace), make_app().test_request_context("/mcp", base_url=origin):
        claim(workspace.id)
        if Hook.H5 in installation.hooks:
            setattr(g, STAMP, workspace)
        if member is None:
            yield None
            return
        from overset.tenancy.binding.member import load_user

        g.user = load_user(member)
        yield g.user
