"""`overset up` in tests, as somebody starts it who has just installed it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.node import node_env, node_tool
from support.processes import RunningProcess, free_port, start_process

OVERSET = Path(sys.executable).parent / "overset"
DASHBOARDS = {"acme": "Sales Dashboard", "globex": "Video Game Sales"}
"""One dashboard of each workspace of the demonstration."""


@dataclass(frozen=True, slots=True)
class Up:
    """A running `overset up`, where it lives, and a home for the clients' own files."""

    process: RunningProcess
    home: Path
    port: int
    clients: Path

    @property
    def url(self) -> str:
        """The MCP URL that it prints."""
        return f"http://localhost:{self.port}/mcp"

    def token(self, slug: str) -> str:
        """Return the token that it made for a workspace."""
        header = (self.home / "connect" / f"{slug}.header").read_text()
        return header.strip().removeprefix("Authorization: Bearer ")

    def lines(self, start: str) -> list[str]:
        """Return the printed lines that begin with `start`, as somebody would copy them."""
        return [line for line in self.process.output().splitlines() if line.startswith(start)]

    def paste(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Run a line in a shell that knows nothing but where the clients' programs are."""
        env = {**node_env(self.clients), "LANG": "C.UTF-8"}
        env["PATH"] = f"{self.clients / 'bin'}:{env['PATH']}"
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.clients,
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def start(home: Path, port: int, *, log: Path, options: tuple[str, ...] = ()) -> RunningProcess:
    argv = [OVERSET, "up", "--home", home, "--port", str(port), *options]
    return start_process(argv, log=log)


def is_up(process: RunningProcess) -> bool:
    return "Ctrl-C stops it" in process.output()


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`overset up` on a home that has never been: everything is made."""
    folder = tmp_path_factory.mktemp("up")
    clients = folder / "clients"
    (clients / "bin").mkdir(parents=True)
    (clients / "bin" / "claude").symlink_to(node_tool("claude")[0])
    port = free_port()
    process = start(folder / "home", port, log=folder / "up.log")
    try:
        process.wait_until(lambda: is_up(process), 240)
        yield Up(process, folder / "home", port, clients)
    finally:
        process.stop()
