"""Where a request goes, as its host says."""

from dataclasses import dataclass

from starlette.types import Scope

from overset.kernel.errors import HostNotServed, NotFound
from overset.kernel.settings import Settings
from overset.tenancy.hosts import HostKind, resolve_request
from overset.tenancy.registry import WorkspaceRegistry
from overset.tenancy.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Where:
    """What the host says: a workspace, or None at a neutral door; and the public origin."""

    workspace: Workspace | None
    origin: str

    @property
    def resource(self) -> str:
        """The MCP URL of this host: its name as a resource (RFC 8707 section 2)."""
        return self.origin + "/mcp"


async def locate(scope: Scope, *, settings: Settings, registry: WorkspaceRegistry) -> Where:
    """Return where an HTTP request goes.

    Raises:
        InvalidRequest: there is no `Host`, or not one.
        HostNotServed: `host_not_served`, it is none of this platform's, or the manager's.
        NotFound: `workspace_unknown`, no workspace has this slug.
        Unavailable: `manager_unreachable`, nobody can tell.
    """
    host = resolve_request(scope, settings)
    if HostKind.NEUTRAL in host.kind:
        return Where(None, settings.origin(host.name))
    if host.slug is None:
        raise HostNotServed
    workspace = await registry.find(host.slug)
    if workspace is None or workspace.slug != host.slug:
        raise NotFound("workspace_unknown", "There is no workspace at this address.")
    return Where(workspace, settings.workspace_origin(host.slug))
