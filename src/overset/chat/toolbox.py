"""The tools of a workspace's MCP endpoint: a session for each turn, and what they are called."""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from cachetools import TTLCache
from mcp.types import Tool

from overset.auth.scopes import Scope
from overset.chat.asker import Asker
from overset.chat.mcp_session import Session
from overset.chat.titles import make_title
from overset.kernel.changes import Change, ChangeKind
from overset.kernel.clock import Monotonic, monotonic
from overset.kernel.ids import WorkspaceId
from overset.kernel.settings import Settings

KEPT_SECONDS = 300.0
"""How long definitions count; what an administrator changes in Superset itself is not told."""

_KEPT = 2_000
_CHANGING = frozenset({ChangeKind.GATE, ChangeKind.WORKSPACE})
"""What may change the list of those who may do the same; a member with another role has another."""


@dataclass(frozen=True, slots=True)
class Toolset:
    """The definitions of tools; those with the same `digest` are the same."""

    tools: tuple[Tool, ...]
    digest: str
    _by_name: Mapping[str, Tool] = field(repr=False)

    @classmethod
    def of(cls, tools: tuple[Tool, ...]) -> "Toolset":
        """Return these definitions as a set."""
        digest = hashlib.sha256()
        for tool in tools:
            digest.update(tool.model_dump_json().encode())
        return cls(tools, digest.hexdigest(), {tool.name: tool for tool in tools})

    def has(self, name: str) -> bool:
        """Say whether there is a tool of this name."""
        return name in self._by_name

    def only_reads(self, name: str) -> bool:
        """Say whether a tool is known to change nothing: it says so itself."""
        tool = self._by_name.get(name)
        hints = tool.annotations if tool is not None else None
        return hints is not None and hints.readOnlyHint is True

    def get_title(self, name: str) -> str:
        """Return a tool's name for people."""
        tool = self._by_name.get(name)
        title = tool and (tool.title or (tool.annotations and tool.annotations.title))
        return title or make_title(name)


@dataclass(frozen=True, slots=True)
class _Key:
    """For whom tools are listed: who may do the same gets the same list."""

    workspace_id: WorkspaceId
    role: str
    scopes: frozenset[Scope]
    gates: frozenset[str]


class Toolbox:
    """Opens sessions, and remembers for five minutes which tools there are for whom."""

    def __init__(
        self,
        settings: Settings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Monotonic = monotonic,
    ) -> None:
        """Reach MCP as `settings` say, or through `transport` in this very process."""
        self._url = settings.chat_mcp_url or settings.neutral_mcp_url
        self._host = urlsplit(settings.neutral_mcp_url).netloc
        self._transport = transport or httpx.AsyncHTTPTransport(limits=_UNLIMITED)
        self._kept: TTLCache[_Key, Toolset] = TTLCache(_KEPT, KEPT_SECONDS, timer=clock)
        self._asking: dict[_Key, asyncio.Event] = {}
        self._generation = 0
        self._lock = threading.Lock()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep connections while the block lasts."""
        async with self._transport:
            yield

    def open(self, asker: Asker) -> Session:
        """Return a session with the asker's own token; it costs nothing until it is used."""
        headers = {
            "Host": self._host,
            "X-Workspace-Id": asker.caller.workspace.slug,
            "X-MCP-Tool-List": "full",
        }
        return Session(self._url, transport=self._transport, headers=headers, token=asker.token)

    async def list_tools(self, asker: Asker, session: Session) -> Toolset:
        """Return the tools that the asker is offered; of many who want them at once, one asks.

        Raises:
            ToolsLostError: they are not known, and cannot be asked for.
        """
        key = _make_key(asker)
        asked = self._asking.get(key)
        if asked is not None and self._find(key) is None:
            await asked.wait()
        if (known := self._find(key)) is not None:
            return known
        done = self._asking[key] = asyncio.Event()
        try:
            return await self._ask(key, session)
        finally:
            done.set()
            if self._asking.get(key) is done:
                del self._asking[key]

    def _find(self, key: _Key) -> Toolset | None:
        with self._lock:
            return self._kept.get(key)

    async def _ask(self, key: _Key, session: Session) -> Toolset:
        with self._lock:
            generation = self._generation
        found = Toolset.of(await session.list_tools())
        with self._lock:
            if generation == self._generation:
                self._kept[key] = found
        return found

    def forget(self, workspace_id: WorkspaceId | None) -> None:
        """Drop what is known of a workspace's tools, or of all; any thread may say so."""
        with self._lock:
            self._generation += 1
            for key in [k for k in self._kept if workspace_id in {None, k.workspace_id}]:
                del self._kept[key]

    def hear(self, change: Change | None) -> None:
        """Forget what a change concerns; None means that changes may have been missed."""
        if change is None:
            self.forget(None)
        elif change.kind in _CHANGING:
            self.forget(change.workspace_id)


_UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=100)


def _make_key(asker: Asker) -> _Key:
    caller = asker.caller
    return _Key(
        workspace_id=caller.workspace.id,
        role=caller.member.role,
        scopes=caller.principal.scopes,
        gates=frozenset(name for name, is_open in caller.gates.items() if is_open),
    )
