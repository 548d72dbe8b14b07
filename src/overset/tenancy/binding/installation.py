"""How this process binds workspaces: decided once, before Superset is imported."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from overset.kernel.errors import OversetError, SettingsError
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings, find_unsafe_environment, prepare_superset_environment
from overset.tenancy.binding.hooks import ALL, Hook


class Plugin(Protocol):
    """What a process adds to the Superset that it binds: pages, for example."""

    def extend(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return further names to set in Superset's configuration; `config` is all so far."""


@dataclass(frozen=True, slots=True)
class Installation:
    """How this process binds workspaces."""

    settings: Settings
    keys: Keys
    hooks: frozenset[Hook]
    base_secret: str
    """Signs nothing that counts: the value of routed secrets while the app is being built."""

    plugins: tuple[Plugin, ...] = ()


_installation: Installation | None = None


def install(
    settings: Settings,
    *,
    keys: Keys,
    hooks: frozenset[Hook] = ALL,
    plugins: Sequence[Plugin] = (),
) -> None:
    """Decide, once per process and before Superset is imported, how workspaces are bound.

    Args:
        settings: this process's settings.
        keys: the platform's keys.
        hooks: the isolation hooks; production leaves none out.
        plugins: what else this process's Superset does; each sees what those before it set.

    Raises:
        SettingsError: the environment would make Superset's MCP service unsafe.
        OversetError: it was decided before.
    """
    global _installation  # noqa: PLW0603 - Superset's app is one per process, and so is this
    if _installation is not None:
        raise OversetError("workspaces are bound in this process already")
    if problems := find_unsafe_environment():
        raise SettingsError(problems)
    prepare_superset_environment(home=settings.home)
    _installation = Installation(settings, keys, hooks, secrets.token_urlsafe(42), tuple(plugins))


def get_installation() -> Installation:
    """Return how this process binds workspaces.

    Raises:
        OversetError: nothing was installed.
    """
    if _installation is None:
        raise OversetError("call `install` before Superset is imported")
    return _installation
