"""The guard of data sources by itself, for what no test may connect to."""

from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import make_url

from overset.kernel.ids import TeamId, WorkspaceId
from overset.tenancy.binding.data_sources import DataSourceGuard, DataSourceRefusedError
from overset.tenancy.binding.hooks import Hook
from overset.tenancy.workspace import Workspace, WorkspaceState
from support.provisioning import settings_for

WORKSPACE = Workspace(
    WorkspaceId("ws_" + "a" * 26), "acme", "Acme", WorkspaceState.ACTIVE, TeamId("t")
)
OPEN = "192.0.2.7"
"""A server that any workspace may open."""


def make_guard(home: Path, without: frozenset[Hook] = frozenset(), **given: Any) -> DataSourceGuard:
    return DataSourceGuard(settings_for(home, **given), hooks=frozenset(Hook) - without)


def refuses(guard: DataSourceGuard, url: str, **connect_args: Any) -> bool:
    """Say whether a connection is refused; a URL alone must be refused when it is saved, too."""
    given = {"connect_args": connect_args}
    try:
        guard.mutate(make_url(url), given, None, None, None)
    except DataSourceRefusedError:
        return True
    if not connect_args:
        guard.validate(make_url(url))
    return False
