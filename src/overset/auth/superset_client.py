"""The platform's own OpenID client: Superset's pages, of all workspaces, sign people in by it."""

from overset.kernel.secrets import Keys, derive

SUPERSET_CLIENT_ID = "superset"
CALLBACK_PATH = "/oauth-authorized/overset"
"""Where on a workspace's host the manager's answer goes."""


def superset_client_secret(keys: Keys) -> str:
    """Return the client's secret, which whoever has the master key derives."""
    return derive(keys.master, context="platform", purpose="superset-client")
