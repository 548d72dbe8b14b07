"""The MCP clients that tests run are the pinned ones, and send a token where tests need one."""

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from support.node import FOLDER, bearer_env, node_binary, run_node_tool

PINNED = json.loads((FOLDER / "package.json").read_text())["dependencies"]


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str | None]]]:
    """An origin that refuses every request, and the `Authorization` of each."""
    heard: list[str | None] = []

    class Refuse(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.headers["Authorization"])
            self.send_error(500)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


@pytest.mark.parametrize(
    ("tool", "package"),
    [
        ("conformance", "@modelcontextprotocol/conformance"),
        ("inspector", "@modelcontextprotocol/inspector"),
        ("claude", "@anthropic-ai/claude-code"),
    ],
)
def test_a_client_has_the_pinned_version(tool: str, package: str, tmp_path: Path) -> None:
    told = run_node_tool(tool, "--version", home=tmp_path).stdout

    assert PINNED[package] in told


def test_clients_run_on_node_22() -> None:
    told = subprocess.run([node_binary(), "--version"], capture_output=True, text=True, check=True)

    assert told.stdout.startswith("v22.")


def test_the_conformance_suite_sends_the_token_it_is_lent(
    listener: tuple[str, list[str | None]], tmp_path: Path
) -> None:
    origin, heard = listener

    run_node_tool(
        *("conformance", "server", "--url", f"{origin}/mcp", "--scenario", "ping"),
        home=tmp_path,
        env=bearer_env(origin=origin, token="lent"),
    )

    assert set(heard) == {"Bearer lent"}
