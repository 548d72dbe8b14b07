"""MCP clients that nobody here wrote, as they come: each opens the browser when it must sign in."""

import asyncio
import contextlib
import json
import subprocess
import webbrowser
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from fastmcp import Client
from fastmcp.client.auth import OAuth
from fastmcp.client.transports import StdioTransport
from key_value.aio.stores.memory import MemoryStore

from support.browser import Opener
from support.node import FOLDER, node_binary, node_env, node_tool
from support.processes import free_port, is_listening, wait_until

TOOL = "list_dashboards"
_SECONDS = 60


@dataclass
class OAuthClient(ABC):
    """A client with a home of its own, where it keeps what it registered as."""

    url: str
    home: Path
    opener: Opener
    network: Mapping[str, str] = field(default_factory=dict)
    """Variables with which a program of Node reaches the platform."""
    tool: str = TOOL
    given: dict[str, Any] = field(default_factory=lambda: {"request": {}})

    name: ClassVar[str]
    """What it calls itself when it registers."""

    @abstractmethod
    def call(self) -> str:
        """Connect, sign in if need be, and return what a tool answers; this waits for the person.

        Raises:
            Exception: what the client says when it cannot.
        """

    def listens(self) -> bool:
        """Tell whether it hears what the browser brings back: some open the browser before."""
        return True

    async def _use(self, client: Client) -> str:
        async with client:
            result = await client.call_tool(self.tool, self.given)
        return result.content[0].text


class McpRemote(OAuthClient):
    """`mcp-remote`, as Claude Desktop runs it; it keeps its tokens too."""

    name = "MCP CLI Proxy"

    def call(self) -> str:
        """Speak to it on stdio, as the program that starts it does."""
        command, *args = node_tool("mcp-remote", self.url, "--auth-timeout", str(_SECONDS))
        env = {**node_env(self.home), **self.network, "BROWSER": str(self.opener.program)}
        log = self.home / "mcp-remote.log"
        transport = StdioTransport(command, args, env=env, keep_alive=False, log_file=log)
        try:
            return asyncio.run(self._use(Client(transport, init_timeout=_SECONDS)))
        except Exception as error:
            raise RuntimeError(log.read_text()) from error


@dataclass
class FastMCPClient(OAuthClient):
    """FastMCP's own client, which `auth="oauth"` makes; it throws its tokens away."""

    name = "FastMCP Client"

    kept: MemoryStore = field(default_factory=MemoryStore)
    port: int = field(default_factory=free_port)

    def call(self) -> str:
        """Connect in this process."""
        program = webbrowser.GenericBrowser(str(self.opener.program))
        webbrowser.register("overset-tests", None, program, preferred=True)
        return asyncio.run(self._connect())

    def listens(self) -> bool:
        """Tell whether its server runs, which it starts after it opened the browser."""
        return is_listening(self.port, host="localhost")

    async def _connect(self) -> str:
        await self.kept.delete(f"{self.url}/tokens", collection="mcp-oauth-token")
        oauth = OAuth(token_storage=self.kept, callback_port=self.port, callback_timeout=_SECONDS)
        return await self._use(Client(self.url, auth=oauth, init_timeout=_SECONDS))


class TypeScriptClient(OAuthClient):
    """A small client of the MCP TypeScript SDK, `tests/e2e/node/oauth.mjs`; it keeps no tokens."""

    name = "TypeScript client"

    def call(self) -> str:
        """Run it to its end."""
        script = [str(node_binary()), str(FOLDER / "oauth.mjs"), self.url]
        given = [str(self.home / "registration.json"), self.tool, json.dumps(self.given)]
        done = subprocess.run(
            [*script, *given],
            env={**node_env(self.home), **self.network, "BROWSER": str(self.opener.program)},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout


CLIENTS = {"mcp-remote": McpRemote, "fastmcp": FastMCPClient, "typescript": TypeScriptClient}


@dataclass(frozen=True, slots=True)
class Call:
    """A client that connects, while a person at a browser does what it asks for."""

    client: OAuthClient
    running: "Future[str]"

    def page(self) -> str:
        """Return the URL that it opens in the browser, once it does.

        Raises:
            Exception: what made the client give up before.
        """
        opened = self.client.opener.urls
        wait_until(lambda: opened() or self.running.done(), _SECONDS, what="the browser")
        assert opened(), self.answer()
        wait_until(self.client.listens, what="a client that listens")
        return opened()[-1]

    def answer(self) -> str:
        """Return what the tool answered."""
        return self.running.result(_SECONDS)

    def failure(self) -> str:
        """Return why the client gave up."""
        return str(self.running.exception(_SECONDS))


@contextlib.contextmanager
def calling(client: OAuthClient) -> Iterator[Call]:
    """Let a client call while the block, the person at the browser, goes on."""
    client.opener.forget()
    with ThreadPoolExecutor(1) as pool:
        yield Call(client, pool.submit(client.call))
