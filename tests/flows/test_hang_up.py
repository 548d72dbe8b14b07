"""A call whose client hangs up is ended, on either wire; one that was answered is left alone."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pytest
from fastmcp import Context, FastMCP
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from structlog.testing import capture_logs

from overset.mcp.layers.edge import EdgeMiddleware
from overset.mcp.layers.hang_up import HangUpMiddleware
from overset.mcp.layers.one_message import OneMessageMiddleware
from overset.mcp.layers.wire import Wires
from overset.mcp.messages import hang_up
from overset.observe.metrics import open_metrics
from support.manager import serving
from support.processes import wait_until


@dataclass
class Service:
    """The layers around a FastMCP server with a tool that never ends, and what befell its calls."""

    url: str = ""
    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def post(self, name: str, **params: Any) -> httpx.Response:
        headers = {"Accept": "application/json, text/event-stream"}
        return httpx.post(self.url, json=call(name, **params), headers=headers, timeout=10)

    @contextmanager
    def connect(self, name: str, **params: Any) -> Iterator[socket.socket]:
        """Begin a call of a tool, and go away after the block."""
        body = json.dumps(call(name, **params)).encode()
        host, port = httpx.URL(self.url).host, httpx.URL(self.url).port
        head = (
            f"POST /mcp HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.sendall(head.encode() + body)
            yield connection


def call(name: str, **params: Any) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": name, "arguments": {}, **params},
    }


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    server: FastMCP[Any] = FastMCP("tests", middleware=[hang_up.HangUpMiddleware()])

    @server.tool
    async def wait() -> str:
        made.begun.set()
        try:
            await anyio.sleep_forever()
        finally:
            made.ended.set()

    @server.tool
    async def greet(ctx: Context) -> str:
        await ctx.info("on its way")
        return "hello"

    wires = Wires(server)
    metrics = open_metrics(statsd_host=None, statsd_port=0)
    app = Starlette(
        routes=[Mount("/", OneMessageMiddleware(HangUpMiddleware(wires)))],
        middleware=[Middleware(EdgeMiddleware, max_body_bytes=100_000, metrics=metrics)],
        lifespan=lambda _: wires.running(),
    )
    with serving(app) as url:
        made.url = f"{url}/mcp"
        yield made
    metrics.close()


WIRES = pytest.mark.parametrize(
    "params", [{}, {"_meta": {"progressToken": 1}}], ids=["json", "stream"]
)


@WIRES
def test_a_call_whose_client_hangs_up_is_ended(service: Service, params: dict[str, Any]) -> None:
    with service.connect("wait", **params):
        wait_until(service.begun.is_set, 5, what="the call's beginning")
        assert not service.ended.is_set()

    wait_until(service.ended.is_set, 5, what="the call's end")


@WIRES
def test_others_are_answered_beside_and_after_it(service: Service, params: dict[str, Any]) -> None:
    with service.connect("wait", **params):
        wait_until(service.begun.is_set, 5, what="the call's beginning")
        assert "hello" in service.post("greet", **params).text
        assert not service.ended.is_set()
    wait_until(service.ended.is_set, 5, what="the call's end")

    assert "hello" in service.post("greet", **params).text


def test_the_log_tells_a_client_that_is_gone_from_a_failure(service: Service) -> None:
    with capture_logs() as lines:
        with service.connect("wait"):
            wait_until(service.begun.is_set, 5, what="the call's beginning")
        wait_until(lambda: lines, 5, what="the line")

    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["status"], line["client_gone"]) == (499, True)


def test_a_client_that_waits_is_not_taken_for_one_that_is_gone(service: Service) -> None:
    with service.connect("greet") as connection:
        answer = connection.recv(65_536).decode()

        assert "200 OK" in answer
        assert "application/json" in answer


def test_log_messages_are_heard_on_the_stream_alone(service: Service) -> None:
    assert "on its way" in service.post("greet", _meta={"progressToken": "a"}).text
    assert "on its way" not in service.post("greet").text
