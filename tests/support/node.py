"""MCP clients that run on Node, at the versions that `tests/e2e/node/package-lock.json` names.

What to give to `run_node_tool`, with H = `--header "Authorization: Bearer TOKEN"`:

- `conformance server --url URL --requirements 2025-11-25`, with `env=bearer_env(...)`
- `inspector --cli URL --transport http H --method tools/list`
- `claude mcp add --transport http NAME URL H`, then `claude mcp list` (it connects, without login)
- `mcp-remote URL H`, which then speaks JSON-RPC on stdio: give `node_tool(...)` to an MCP client
"""

import platform
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "e2e" / "node"
_MODULES = FOLDER / "node_modules"
_SCRIPTS = {
    "conformance": "@modelcontextprotocol/conformance/dist/index.js",
    "inspector": "@modelcontextprotocol/inspector/clients/launcher/build/index.js",
    "mcp-remote": "mcp-remote/dist/proxy.js",
}


def node_binary() -> Path:
    """Return Node 22: the one that npm brought, or where npm has none (Apple silicon) PATH's."""
    brought = _MODULES / f"node-{_platform()}" / "bin" / "node"
    found = brought if brought.exists() else shutil.which("node")
    assert found, "no Node 22 here: run `bash tools/test-deps.sh`"
    return Path(found)


def node_tool(name: str, *args: str) -> list[str]:
    """Return the argv of `conformance`, `inspector`, `mcp-remote` or `claude` with arguments."""
    if name == "claude":
        return [str(_MODULES / f"@anthropic-ai/claude-code-{_platform()}" / "claude"), *args]
    return [str(node_binary()), str(_MODULES / _SCRIPTS[name]), *args]


def node_env(home: Path) -> dict[str, str]:
    """Return the whole environment of a client: a home of its own, nothing of ours."""
    return {
        "HOME": str(home),
        "PATH": f"{node_binary().parent}:/usr/local/bin:/usr/bin:/bin",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "NO_COLOR": "1",
    }


def bearer_env(*, origin: str, token: str) -> dict[str, str]:
    """Return variables that make a client send the token to one `scheme://host:port`.

    For the conformance suite, which has no option for a header.
    """
    return {
        "NODE_OPTIONS": f"--import={(FOLDER / 'bearer.mjs').as_uri()}",
        "OVERSET_TEST_ORIGIN": origin,
        "OVERSET_TEST_TOKEN": token,
    }


def network_env(*, domain: str, ca: Path) -> dict[str, str]:
    """Return variables that lead names below a domain to this machine, and trust an authority."""
    return {
        "NODE_OPTIONS": f"--import={(FOLDER / 'names.mjs').as_uri()}",
        "NODE_EXTRA_CA_CERTS": str(ca),
        "OVERSET_TEST_DOMAIN": domain,
    }


def run_node_tool(
    name: str, *args: str, home: Path, env: Mapping[str, str] | None = None, timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run a client to its end, in its home; the result has `returncode`, `stdout` and `stderr`."""
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        node_tool(name, *args),
        cwd=home,
        env={**node_env(home), **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def _platform() -> str:
    machine = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}.get(
        platform.machine(), platform.machine()
    )
    return f"{platform.system().lower()}-{machine}"
