"""What the browser that takes pictures may reach: its workspace's own pages, and no more.

It shows what members wrote (images and styles in a dashboard's text) from inside the platform's
network, and Superset turns the page's content policy off in it. Here the browser itself is told
which names have an address; that holds for addresses as names, and for redirects.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from overset.kernel.settings import Settings
from overset.tenancy.binding.config import Route
from overset.tenancy.workspace import Workspace

ARGUMENTS = "WEBDRIVER_OPTION_ARGS"
"""The name in Superset's configuration of the browser's own arguments."""

_RULES = "--host-resolver-rules"
_PORTS = {"http": 80, "https": 443}


def make_arguments(config: Mapping[str, Any], settings: Settings) -> Route:
    """Return how the browser's arguments follow from a workspace.

    Args:
        config: Superset's, with the operator's arguments, and with the page's content policy: the
            sources that it names (of maps, for example) can be reached too.
        settings: this process's settings.
    """
    theirs = [one for one in config[ARGUMENTS] if not one.startswith(_RULES)]
    sources = sorted(set(_find_sources(config["TALISMAN_CONFIG"])))

    def find(workspace: Workspace) -> list[str]:
        origin = urlsplit(settings.workspace_origin(workspace.slug))
        own = f"{origin.hostname}:{origin.port or _PORTS[origin.scheme]}"
        rules = [*(f"EXCLUDE {name}" for name in sources), f"MAP {own} {own}", "MAP * ~NOTFOUND"]
        return [*theirs, f"{_RULES}={','.join(rules)}"]

    return find


def _find_sources(talisman: Mapping[str, Any]) -> Iterator[str]:
    policy = talisman.get("content_security_policy") or {}
    for sources in policy.values() if isinstance(policy, Mapping) else ():
        for source in sources.split() if isinstance(sources, str) else sources:
            name = urlsplit(source if "://" in source else f"//{source}").hostname or ""
            if "." in name.strip("*."):  # and not 'self', blob:, data:, or a star alone
                yield name
