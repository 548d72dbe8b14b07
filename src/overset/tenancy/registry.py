"""Where: the workspace with a slug or an id, asked for at the manager and kept fresh."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol

import httpx
import structlog
from pydantic import TypeAdapter, ValidationError

from overset.kernel.cache import Held, make_cache
from overset.kernel.changes import Change, ChangeFeed, ChangeKind
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.upstream import ask, unreachable
from overset.tenancy.workspace import Workspace

_PATH = "/internal/v1/workspaces/"
_LOCATOR = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_WORKSPACE = TypeAdapter(Workspace)
_log = structlog.get_logger(__name__)


class WorkspaceRegistry(Protocol):
    """Which workspaces there are."""

    async def find(self, locator: str) -> Workspace | None:
        """Return the workspace with this slug or id, or None if there is none.

        Raises:
            Unavailable: `manager_unreachable`, nobody can tell.
        """


class ManagerRegistry:
    """Asks the manager, and keeps what it says until the workspace changes, for 60 s at most."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        feed: ChangeFeed,
        *,
        clock: Monotonic = monotonic,
    ) -> None:
        self._http = http
        self._cache = make_cache(
            feed,
            fetch=self._ask,
            concerns=_concerns,
            is_negative=lambda workspace: workspace is None,
            clock=clock,
        )

    async def find(self, locator: str) -> Workspace | None:
        """Return the workspace with this slug or id, or None if there is none.

        Raises:
            Unavailable: `manager_unreachable`, and no answer that still counts is kept.
        """
        # What no workspace can be called is not asked for: the locator becomes part of a path.
        return await self._cache.get(locator) if _LOCATOR.fullmatch(locator) else None

    def peek(self, locator: str) -> Held[Workspace | None] | None:
        """Return, from any thread, what `find` would return unasked; None if it would ask."""
        return self._cache.peek(locator)

    async def _ask(self, locator: str) -> Workspace | None:
        response = await ask(self._http, "GET", _PATH + locator, accept=_ANSWERS)
        if response.status_code == HTTPStatus.NOT_FOUND:
            return None
        try:
            workspace = _WORKSPACE.validate_json(response.content)
        except ValidationError as error:
            _log.warning("a workspace could not be read", problems=error.error_count())
            raise unreachable() from error
        if locator not in {workspace.slug, workspace.id}:
            _log.error("the manager answered with another workspace", asked=locator)
            raise unreachable()
        return workspace


_ANSWERS = frozenset({HTTPStatus.OK.value, HTTPStatus.NOT_FOUND.value})


def _concerns(change: Change, locator: str, workspace: Workspace | None) -> bool:
    del locator  # a workspace may have taken or left any slug: its id decides
    if change.kind is not ChangeKind.WORKSPACE:
        return False
    return workspace is None or change.workspace_id in {None, workspace.id}


class MemoryRegistry:
    """Workspaces that are known here."""

    def __init__(self, workspaces: Iterable[Workspace] = ()) -> None:
        self._workspaces = {workspace.id: workspace for workspace in workspaces}

    def put(self, workspace: Workspace) -> None:
        """Add a workspace, or replace the one with its id."""
        self._workspaces[workspace.id] = workspace

    def remove(self, workspace: Workspace) -> None:
        """Remove a workspace, if it is there."""
        self._workspaces.pop(workspace.id, None)

    async def find(self, locator: str) -> Workspace | None:
        """Return the workspace with this slug or id, or None."""
        candidates = self._workspaces.values()
        return next((w for w in candidates if locator in {w.id, w.slug}), None)
