"""The wheel alone, in an empty environment: the command is there, and it serves the demo."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastmcp import Client

from support.processes import free_port, running, start_process

ROOT = Path(__file__).resolve().parents[2]
TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")

pytestmark = [pytest.mark.runs_last, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    _uv("build", "--wheel", "--out-dir", folder, ROOT)
    _uv("venv", "--python", sys.executable, folder / "venv")
    wheel = next(folder.glob("*.whl"))
    _uv("pip", "install", "--python", folder / "venv" / "bin" / "python", wheel)
    return folder / "venv" / "bin"


def _uv(*args: str | Path) -> None:
    path = f"{os.environ['PATH']}:{ROOT / '.tools' / 'uv' / 'bin'}"
    uv = shutil.which("uv", path=path)
    assert uv, "no uv here: run `make env`"
    done = subprocess.run([uv, *args], check=False, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_command_tells_what_it_can_do(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [installed / "overset", "--help"], check=True, cwd=tmp_path, capture_output=True, text=True
    )

    assert {"up", "doctor", "workspace", "token"} <= set(told.stdout.split())


def test_it_serves_the_demo_to_a_client_with_a_printed_token(
    installed: Path, tmp_path: Path
) -> None:
    port = free_port()
    argv = [installed / "overset", "up", "--home", tmp_path / "home", "--port", str(port)]
    started = start_process(argv, log=tmp_path / "up.log", cwd=tmp_path)

    def printed_token() -> str | None:
        found = TOKEN.search(started.output())
        return found.group() if found and _is_ready(port) else None

    with running(started, ready=printed_token, timeout=240):
        token = printed_token()

        answer = asyncio.run(_list_dashboards(f"http://localhost:{port}/mcp", token))

    assert answer["dashboards"]


def _is_ready(port: int) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"http://localhost:{port}/health/ready").is_success
    return False


async def _list_dashboards(url: str, token: str | None) -> dict:
    async with Client(url, auth=token) as client:
        result = await client.call_tool("list_dashboards")
    return json.loads(result.content[0].text)
