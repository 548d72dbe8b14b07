"""This platform's own client: it signs people in to the Superset pages of every workspace."""

from dataclasses import dataclass

from overset.auth.scopes import Scope, format_scopes, read_scopes
from overset.auth.superset_client import CALLBACK_PATH, SUPERSET_CLIENT_ID, superset_client_secret
from overset.kernel.secrets import Keys
from overset.kernel.settings import Settings
from overset.manager.oauth.clients.metadata import ClientMetadata
from overset.manager.oauth.clients.model import Client, ClientKind, hash_secret
from overset.manager.workspaces.service import WorkspaceService

_SIGN_IN_SCOPES = frozenset({Scope.OPENID, Scope.PROFILE, Scope.EMAIL})
_HOME_PATH = "/"


@dataclass(frozen=True, kw_only=True)
class OwnClient(Client):
    """A client with one redirect for each workspace, which are looked up and not listed.

    It learns who somebody is, and nothing else: what one may do in a workspace is asked of the
    manager at each request.
    """

    settings: Settings
    workspaces: WorkspaceService

    def get_allowed_scope(self, scope: str | None) -> str:
        """Return what of a requested scope tells who somebody is; nothing without `openid`."""
        allowed = read_scopes(scope or "") & _SIGN_IN_SCOPES
        return format_scopes(allowed) if Scope.OPENID in allowed else ""

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Say whether this is the callback of a workspace that is there, in whatever state."""
        return self._is_at_a_workspace(redirect_uri, path=CALLBACK_PATH)

    def check_post_logout_redirect_uri(self, uri: str) -> bool:
        """Say whether this is the home of a workspace that is there."""
        return self._is_at_a_workspace(uri, path=_HOME_PATH)

    def _is_at_a_workspace(self, url: str, *, path: str) -> bool:
        try:
            slug = self.settings.find_slug(url, path=path)
        except ValueError:  # it is no URL
            return False
        found = self.workspaces.find(slug) if slug else None
        return found is not None and found.slug == slug


def make_own_client(settings: Settings, keys: Keys, workspaces: WorkspaceService) -> OwnClient:
    """Return the client of this platform; each process that has the master key knows its secret."""
    return OwnClient(
        id=SUPERSET_CLIENT_ID,
        name="Superset",
        kind=ClientKind.OWN,
        # Unchecked, for a client of anybody else lists where its answers go.
        metadata=ClientMetadata.model_construct(redirect_uris=()),
        secret_hash=hash_secret(superset_client_secret(keys)),
        settings=settings,
        workspaces=workspaces,
    )
