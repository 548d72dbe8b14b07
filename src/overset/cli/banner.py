"""What `overset up` says when it is up: where things are, and lines that work as pasted."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from overset.kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """A token for somebody's workspace, to be shown once."""

    slug: str
    name: str
    email: str
    role: str
    token: str
    header_file: Path
    """Holds the line `Authorization: Bearer <token>`; only its owner may read it."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Whom to sign in as in a browser; the password is known when it is made, and then no more."""

    url: str
    email: str
    password: str | None = field(repr=False)


def print_banner(
    console: Console,
    settings: Settings,
    accesses: Sequence[Access],
    *,
    sign_in: SignIn | None = None,
) -> None:
    """Print where the platform is, who may sign in, and for each workspace how to connect to it."""
    # On this machine's own domain clients cannot resolve `<slug>.localhost`: the token tells.
    url = settings.neutral_mcp_url
    console.print()
    console.print(
        f"[bold]Overset is up.[/bold]  MCP: [link]{url}[/link]   API: {settings.issuer}/api/v1/docs"
    )
    if sign_in is not None:
        _print_sign_in(console, sign_in)
    for access in accesses:
        page = settings.workspace_origin(access.slug)
        console.print(f"Superset of {access.name}: [link]{page}[/link]")
    if accesses:
        _print_assistant(console, settings)
    for access in accesses:
        _print_access(console, url, access)
    if not accesses:
        console.print(
            "\nNext:  overset workspace create SLUG, overset member add SLUG EMAIL --role Admin,"
        )
        console.print("       overset user invite EMAIL --operator,")
        console.print("       overset token issue --user EMAIL --workspace SLUG")
    console.print("\nCtrl-C stops it; `overset up` again finds everything as it was.\n")


def _print_sign_in(console: Console, sign_in: SignIn) -> None:
    console.print(f"Sign in: [link]{sign_in.url}[/link] as {sign_in.email}")
    if sign_in.password is not None:
        console.print(Text(f"Password: {sign_in.password}"), "[dim](shown this once)[/dim]")
    else:
        console.print(f"Password lost?  overset user password {sign_in.email}")


def _print_assistant(console: Console, settings: Settings) -> None:
    who = settings.chat_model or "the offline analyst"
    more = "" if settings.chat_model else " [dim](OVERSET_CHAT_MODEL names a model)[/dim]"
    console.print(f"Ask the assistant: the round button on each page; {who} answers{more}")


def _print_access(console: Console, url: str, access: Access) -> None:
    console.print()
    console.rule(f"[bold]{access.name}[/bold]  {access.email}, {access.role}", align="left")
    for title, line in (
        ("Token", access.token),
        ("With curl", curl_line(url, access)),
        ("In Claude Code", claude_code_line(url, access)),
        (
            "In Claude Desktop (Settings, Developer, Edit Config)",
            claude_desktop_config(url, access),
        ),
    ):
        console.print(f"\n[cyan]{title}[/cyan]")
        # As plain text: a terminal may fold it, but nothing is put into it that is not pasted.
        console.print(Text(line), soft_wrap=True)


def curl_line(url: str, access: Access) -> str:
    """Return a shell line that lists the workspace's dashboards; the token stays out of argv."""
    call = {
        "jsonrpc": "2.0",
        "method": "tools/call",
        "params": {"name": "list_dashboards"},
        "id": 1,
    }
    header = shlex.quote(f"@{access.header_file}")
    return f"curl -s -H {header} -H 'Content-Type: application/json' -d '{json.dumps(call)}' {url}"


def claude_code_line(url: str, access: Access) -> str:
    """Return a shell line that adds the workspace to Claude Code."""
    header = f'"$(cat {shlex.quote(str(access.header_file))})"'
    return f"claude mcp add --transport http {access.slug} {url} --header {header}"


def claude_desktop_config(url: str, access: Access) -> str:
    """Return the workspace's entry for Claude Desktop, which connects through `mcp-remote`.

    The header comes from the environment: Claude Desktop may split arguments at spaces.
    """
    server = {
        "command": "npx",
        "args": ["-y", "mcp-remote@latest", url, "--header", "Authorization:${AUTHORIZATION}"],
        "env": {"AUTHORIZATION": f"Bearer {access.token}"},
    }
    return json.dumps({"mcpServers": {access.slug: server}})
