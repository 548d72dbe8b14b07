"""One Flask app per process, on which every workspace is bound in turn; read this file first.

`make_app` makes the app as Superset's MCP service itself would; `enter` binds. How a process binds
is decided in `installation.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any

from flask import Flask, g
from flask.testing import EnvironBuilder

from overset.tenancy.binding.engines import STAMP, claim
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.binding.installation import get_installation
from overset.tenancy.context import entered
from overset.tenancy.member import Member
from overset.tenancy.workspace import Workspace

_MOST_ORIGINS = 1024


@cache
def make_app() -> Flask:
    """Return this process's Flask app, made by Superset's MCP service on the first call."""
    installation = get_installation()
    from superset.mcp_service.flask_singleton import get_flask_app

    from overset.tenancy.binding.addresses import AddressRule
    from overset.tenancy.binding.assertions import assert_safe
    from overset.tenancy.binding.commits import keep_through_commits
    from overset.tenancy.binding.fetches import guard_fetches
    from overset.tenancy.binding.function_names import keep_function_names_apart
    from overset.tenancy.binding.loading import load_lists_whole
    from overset.tenancy.binding.pictures import take_pictures_with_chromium
    from overset.tenancy.binding.row_limits import limit_rows
    from overset.tenancy.binding.schedule_writes import watch_schedules
    from overset.tenancy.binding.timeouts import limit_in_threads
    from overset.tenancy.binding.writes import watch_writes

    limit_in_threads()
    limit_rows()
    watch_writes()
    app: Flask = get_flask_app()
    if Hook.GUARDS in installation.hooks:
        guard_fetches(AddressRule(installation.settings))
    keep_function_names_apart()
    load_lists_whole()
    watch_schedules()
    take_pictures_with_chromium(get_installation().settings)
    keep_through_commits()
    assert_safe(app)
    return app


@lru_cache(maxsize=_MOST_ORIGINS)
def _make_environ(origin: str) -> dict[str, Any]:
    """Return the WSGI environment of a request to a workspace; requests add to it: take a copy.

    Making one takes longer than all else about a request context.
    """
    return EnvironBuilder(make_app(), "/mcp", base_url=origin).get_environ()


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
    with entered(workspace), make_app().request_context(dict(_make_environ(origin))):
        claim(workspace.id)
        if Hook.H5 in installation.hooks:
            setattr(g, STAMP, workspace)
        if member is None:
            yield None
            return
        from overset.tenancy.binding.member import load_user

        g.user = load_user(member)
        yield g.user
