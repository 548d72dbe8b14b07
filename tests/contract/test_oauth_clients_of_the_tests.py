"""The clients that sign in, against FastMCP's own authorization server: no screen is needed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.browser import Opener
from support.oauth_clients import CLIENTS, TOOL, calling
from support.processes import free_port, is_listening, running, start_process

_SERVER = f"""
import sys
from fastmcp import FastMCP
from fastmcp.server.auth.providers.in_memory import InMemoryOAuthProvider
from mcp.server.auth.settings import ClientRegistrationOptions

origin = "http://localhost:" + sys.argv[1]
options = ClientRegistrationOptions(enabled=True)
auth = InMemoryOAuthProvider(base_url=origin, client_registration_options=options)
server = FastMCP("contract", auth=auth)

@server.tool
def {TOOL}(request: dict) -> str:
    return "the tool's answer"

server.run(transport="http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "server.log"
    process = start_process([sys.executable, "-P", "-c", _SERVER, str(port)], log=log)
    with running(process, ready=lambda: is_listening(port)):
        yield f"http://localhost:{port}/mcp"


@pytest.mark.parametrize("kind", CLIENTS)
def test_each_client_is_signed_in_through_a_real_browser(
    kind: str, url: str, tmp_path: Path, opener: Opener, person
) -> None:
    with calling(CLIENTS[kind](url, tmp_path, opener)) as call:
        person.open(call.page())

        assert call.answer().strip() == "the tool's answer"
