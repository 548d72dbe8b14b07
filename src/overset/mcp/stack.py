"""The six steps of a request, outermost first; read this file first.

A request comes in through the edge, passes steps 1 to 3 as ASGI, is verified once more by FastMCP
(step 4), and enters its workspace (step 5) before Superset's own pipeline (step 6) runs the tool.
Steps 4 to 6 are FastMCP's to call: `superset_server.py` has them as a list of the same kind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp

from overset.auth.access import Access
from overset.auth.issuer import IssuerMetadata
from overset.auth.jwks import KeySource
from overset.kernel.settings import Settings
from overset.mcp.calls import RunningCalls
from overset.mcp.layers.accept import AcceptMiddleware
from overset.mcp.layers.cancel import CancelMiddleware
from overset.mcp.layers.hang_up import HangUpMiddleware
from overset.mcp.layers.oauth_metadata_rewrite import OAuthMetadataRewriteMiddleware
from overset.mcp.layers.one_message import OneMessageMiddleware
from overset.mcp.layers.path_prefix_strip import PathPrefixStripMiddleware
from overset.mcp.layers.workspace_permission import WorkspacePermissionMiddleware
from overset.tenancy.circuit import Circuits
from overset.tenancy.registry import WorkspaceRegistry


@dataclass(frozen=True, slots=True)
class Services:
    """What the steps ask: the issuer, workspaces, keys and decisions, circuits, and what runs."""

    metadata: IssuerMetadata
    registry: WorkspaceRegistry
    keys: KeySource
    access: Access
    circuits: Circuits
    calls: RunningCalls


def build(inner: ASGIApp, *, settings: Settings, services: Services) -> ASGIApp:
    """Return `inner` (steps 4 to 6) behind the ASGI steps."""
    steps: Sequence[Callable[[ASGIApp], ASGIApp]] = [
        # 1: the path is the root's
        partial(PathPrefixStripMiddleware),
        # 2: where the request goes, and how that host calls itself
        partial(
            OAuthMetadataRewriteMiddleware,
            settings=settings,
            registry=services.registry,
            metadata=services.metadata,
        ),
        # 3: who asks, and that they may
        partial(
            WorkspacePermissionMiddleware,
            settings=settings,
            keys=services.keys,
            access=services.access,
            circuits=services.circuits,
        ),
        # the door to FastMCP: one JSON-RPC message, of a method that MCP has
        partial(OneMessageMiddleware),
        # and both content types in the answer, unless the client is particular
        partial(AcceptMiddleware),
        # a call ends when its client says so
        partial(CancelMiddleware, calls=services.calls),
        # or is gone
        partial(HangUpMiddleware),
    ]
    app = inner
    for step in reversed(steps):
        app = step(app)
    return app
