"""Two workspaces as two sides: calls as one of them, and what of the other must never be seen."""

import ast
import importlib.util
import itertools
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, inspect, text

from support.deployment import WORKSPACES, Platform, read_rpc

_numbers = itertools.count(1)
_COPIED = ("expose_in_sqllab", "allow_run_async", "allow_dml", "created_on", "changed_on")
_SHORT = 18
"""Previews cut long words: this much of a canary is always left, and tells both apart."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one call: the raw response, and the tool's own words in it."""

    response: httpx.Response

    @property
    def rpc(self) -> Any:
        """The JSON-RPC message."""
        return read_rpc(self.response)

    @property
    def text(self) -> str:
        """The text of a tool's result, or of the error."""
        if "error" in self.rpc:
            return json.dumps(self.rpc["error"])
        return "".join(part.get("text", "") for part in self.rpc["result"].get("content", ()))

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object that a tool answered with; empty when it answered with words."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {"result": found}

    @property
    def failed(self) -> bool:
        """Whether the tool did not do what it was asked."""
        rpc = self.rpc
        if "error" in rpc or rpc["result"].get("isError"):
            return True
        body = self.body
        return bool(
            not body or body.get("error") or body.get("error_type") or body.get("success") is False
        )


@dataclass(slots=True)
class Side:
    """A member of one workspace, who must learn nothing of the other one.

    Every answer is searched, with its headers, for the other's marks: its canary, its id, its host.
    """

    platform: Platform
    slug: str
    user_id: str
    token: str
    foreign: tuple[str, ...]
    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def canary(self) -> str:
        """What all of the workspace's own rows carry, as far as no preview cuts it."""
        return self.platform.canaries[self.slug][:_SHORT]

    @property
    def id(self) -> str:
        """The workspace's id."""
        return str(self.platform.manager.workspaces.get(self.slug).id)

    @property
    def origin(self) -> str:
        """What the workspace's own links begin with."""
        return self.platform.settings.workspace_origin(self.slug)

    @property
    def host(self) -> str:
        """The workspace's own host name."""
        return f"{self.slug}.{self.platform.settings.domain}"

    def send(self, method: str, params: Any = None, **sent: Any) -> httpx.Response:
        """Send one JSON-RPC request over raw HTTP."""
        body = {"jsonrpc": "2.0", "id": next(_numbers), "method": method}
        sent.setdefault("token", self.token)
        response = self.platform.post(body | ({"params": params} if params else {}), **sent)
        self.look(response.text, str(dict(response.headers)))
        return response

    def call(self, tool: str, arguments: Mapping[str, Any] | None = None, **sent: Any) -> Answer:
        """Call a tool that answers with HTTP 200."""
        response = self.send("tools/call", {"name": tool, "arguments": arguments or {}}, **sent)
        assert response.status_code == 200, (tool, response.status_code, response.text)
        with self._lock:
            self.calls += 1
        return Answer(response)

    def ask(self, tool: str, **request: Any) -> Answer:
        """Call a tool that takes its arguments in `request`."""
        return self.call(tool, {"request": request})

    def sql(self, statement: str, **request: Any) -> Answer:
        """Run SQL on the workspace's data source 1, unless another is named."""
        return self.ask("execute_sql", **{"database_id": 1, "sql": statement, **request})

    def look(self, *texts: str) -> None:
        """Fail if something of the other workspace is in a text."""
        for mark in self.foreign:
            for words in texts:
                assert mark not in words, f"{self.slug} saw {mark!r}: {words[:2000]}"

    def execute(self, statement: str, **values: Any) -> list[Any]:
        """Run one statement on the workspace's metadata database, past everything of ours."""
        engine = create_engine(self.platform.metadata(self.slug), future=True)
        try:
            with engine.begin() as connection:
                result = connection.execute(text(statement), values)
                return list(result) if result.returns_rows else []
        finally:
            engine.dispose()

    def dump(self) -> str:
        """Return every row of the workspace's metadata database as text."""
        engine = create_engine(self.platform.metadata(self.slug), future=True)
        try:
            with engine.connect() as connection:
                tables = inspect(connection).get_table_names()
                rows = [connection.execute(text(f'SELECT * FROM "{name}"')) for name in tables]
                return "\n".join(str(tuple(row)) for result in rows for row in result)
        finally:
            engine.dispose()


def make_sides(platform: Platform, *, role: str = "Admin") -> tuple[Side, Side]:
    """Return a fresh member of each workspace: acme's, globex's."""
    return _side(platform, "acme", role), _side(platform, "globex", role)


def make_attacker(platform: Platform) -> Side:
    """Return a member of acme who himself names globex's files and host, but not its rows."""
    side, _ = make_sides(platform)
    side.foreign = (platform.canaries["globex"][:_SHORT],)
    return side


def make_shared_user(platform: Platform, *, role: str = "Admin") -> tuple[Side, Side]:
    """Return one person's two sides: a member of both, with one token that is for both."""
    user_id = platform.new_member("acme", role=role)
    platform.manager.members.put("globex", user_id, role=role)
    issued = platform.manager.tokens.issue(user_id, workspaces=list(WORKSPACES))
    sides = (_side(platform, slug, role, user_id=user_id) for slug in WORKSPACES)
    acme, globex = sides
    acme.token = globex.token = issued.value
    return acme, globex


def _side(platform: Platform, slug: str, role: str, *, user_id: str | None = None) -> Side:
    other = next(name for name in WORKSPACES if name != slug)
    user_id = user_id or platform.new_member(slug, role=role)
    foreign = (
        platform.canaries[other][:_SHORT],
        str(platform.manager.workspaces.get(other).id),
        f"{other}.{platform.settings.domain}",
    )
    return Side(platform, slug, user_id, platform.token(slug, user_id=user_id), foreign)


def find_upstream_tools() -> frozenset[str]:
    """Return the name of every tool in the installed Superset's MCP service, from its source."""
    spec = importlib.util.find_spec("superset")
    assert spec is not None
    assert spec.origin is not None
    files = (Path(spec.origin).parent / "mcp_service").glob("*/tool/*.py")
    return frozenset(
        node.name
        for file in files
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and any(_is_tool(decorator) for decorator in node.decorator_list)
    )


def _is_tool(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(named, "id", None) == "tool" or ast.unparse(named).rpartition(".")[2] == "tool"


@dataclass(slots=True)
class Ear:
    """A port of this machine that hears whoever connects."""

    port: int
    heard: int = 0


@contextmanager
def listening() -> Iterator[Ear]:
    """Listen on 127.0.0.1 while the block lasts, count connections and hang up on them."""
    over = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0.05)
        ear = Ear(server.getsockname()[1])
        thread = threading.Thread(target=_hear, args=(server, ear, over))
        thread.start()
        try:
            yield ear
        finally:
            over.set()
            thread.join(10)


def _hear(server: socket.socket, ear: Ear, over: threading.Event) -> None:
    while not over.is_set():
        with suppress(TimeoutError):
            connection, _ = server.accept()
            ear.heard += 1
            connection.close()


@contextmanager
def planted_data_source(side: Side, url: str, **extra: Any) -> Iterator[int]:
    """Put a data source where no tool would let it: straight into the metadata database.

    Yields its id; it is gone when the block ends. `extra` is Superset's JSON of that name.
    """
    name = f"planted-{secrets.token_hex(6)}"
    copied = ", ".join(_COPIED)
    side.execute(
        f"INSERT INTO dbs (database_name, sqlalchemy_uri, extra, {copied})"
        f" SELECT :name, :url, :extra, {copied} FROM dbs WHERE id = 1",
        name=name,
        url=url,
        extra=json.dumps(extra),
    )
    (row,) = side.execute("SELECT id FROM dbs WHERE database_name = :name", name=name)
    try:
        yield row.id
    finally:
        # Queries that were tried refer to it.
        side.execute("DELETE FROM query WHERE database_id = :id", id=row.id)
        side.execute("DELETE FROM dbs WHERE id = :id", id=row.id)
