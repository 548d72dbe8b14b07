"""What Superset's pages ask the manager, from any thread."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from overset.auth.access import Decision, ManagerAccess
from overset.kernel.changes import ChangeFeed
from overset.kernel.errors import Forbidden, OversetError
from overset.kernel.feeds import open_feed
from overset.kernel.ids import SessionId, UserId
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.kernel.upstream import ask, open_client, unreachable
from overset.tenancy.line import connected
from overset.tenancy.registry import ManagerRegistry
from overset.tenancy.workspace import Workspace

_SESSIONS = "/internal/v1/sessions/"
_USERS = "/internal/v1/users/"
_LISTED = TypeAdapter(list[dict[str, str]])


@dataclass(frozen=True, slots=True)
class ShortToken:
    """A token for one workspace, and for how many seconds it counts."""

    value: SecretStr
    seconds: int


class _Problem(BaseModel):
    code: str
    detail: str


class _Issued(BaseModel):
    access_token: SecretStr
    expires_in: int


class ControlPlane:
    """The manager, for code that may wait: answers are kept and dropped as in the MCP process.

    Pages run in threads, and what is known of workspaces and decisions lives in an event loop. All
    methods may be called from any thread but that loop's own, while the block `running` lasts. What
    is kept is looked up in the caller's thread: going to another one costs more than a file.
    """

    def __init__(
        self, settings: Settings, keys: Keys, *, manager: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = open_client(settings, keys, manager=manager)
        self.feed: ChangeFeed = open_feed(settings, self._http)
        self.registry = ManagerRegistry(self._http, self.feed)
        self._access = ManagerAccess(self._http, self.feed, ttl=settings.decision_ttl_seconds)
        self._portal: BlockingPortal | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer while the block lasts, in the event loop that it is entered in."""
        async with AsyncExitStack() as exits:
            await exits.enter_async_context(self._http)
            await exits.enter_async_context(self.feed.running())
            line = await exits.enter_async_context(connected(self._http, registry=self.registry))
            self._portal = line.portal
            try:
                yield
            finally:
                self._portal = None

    def find_workspace(self, locator: str) -> Workspace | None:
        """Return the workspace with this slug or id, or None.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        if (known := self.registry.peek(locator)) is not None:
            return known.value
        found: Workspace | None = self._call(self.registry.find, locator)
        return found

    def decide(
        self, *, subject: UserId, session_id: SessionId | None, workspace: Workspace
    ) -> Decision:
        """Return whether somebody may be here; see `ManagerAccess.decide_sign_in`.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        known = self._access.peek_sign_in(
            subject=subject, session_id=session_id, workspace=workspace.id
        )
        if known is not None:
            return known.value
        ask_manager = partial(
            self._access.decide_sign_in,
            subject=subject,
            session_id=session_id,
            workspace=workspace.id,
        )
        decision: Decision = self._call(ask_manager)
        return decision

    def end_sign_in(self, session_id: SessionId) -> None:
        """End a browser's sign-in, at the manager and in every workspace.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        self._call(self._ask, "POST", f"{_SESSIONS}{session_id}/end", frozenset({204}))

    def list_workspaces(self, user_id: UserId) -> list[dict[str, str]]:
        """Return `id`, `slug`, `name` and `state` of the workspaces that somebody belongs to.

        Raises:
            Unavailable: `manager_unreachable`.
        """
        response = self._call(self._ask, "GET", f"{_USERS}{user_id}/workspaces", frozenset({200}))
        try:
            return _LISTED.validate_json(response.content)
        except ValidationError as error:
            raise unreachable() from error

    def issue_token(
        self, session_id: SessionId, user_id: UserId, workspace: Workspace
    ) -> ShortToken:
        """Return a token with which the assistant acts for who is signed in; see `ShortToken`.

        Raises:
            Forbidden: the sign-in has ended, or the person may not be here, or the gate is shut.
            Unavailable: `manager_unreachable`.
        """
        question = {"user_id": user_id, "workspace": workspace.id}
        path, accept = f"{_SESSIONS}{session_id}/token", frozenset({200, 403})
        response = self._call(self._ask, "POST", path, accept, question)
        try:
            if response.status_code == HTTPStatus.FORBIDDEN:
                problem = _Problem.model_validate_json(response.content)
                raise Forbidden(problem.code, problem.detail)
            issued = _Issued.model_validate_json(response.content)
        except ValidationError:
            # Not as the cause: what could not be read may be a token.
            raise unreachable() from None
        return ShortToken(issued.access_token, issued.expires_in)

    async def _ask(
        self,
        method: str,
        path: str,
        accept: frozenset[int],
        json: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return await ask(self._http, method, path, accept=accept, json=json)

    def _call(self, function: Any, *arguments: Any) -> Any:
        if self._portal is None:
            raise OversetError("the manager was asked before the process runs")
        return self._portal.call(function, *arguments)
