"""The isolation hooks, by name; each can be left out, so that a test can show what it closes."""

from enum import StrEnum


class Hook(StrEnum):
    """What stands between two workspaces in one Superset process.

    Production installs all of them. A test that installs `ALL - {hook}` must see the tests of that
    hook fail; otherwise they prove nothing.
    """

    H1 = "H1"
    """Routed engines: the metadata database is that of the entered workspace, or an error."""

    H2 = "H2"
    """Workspace configuration: keys, secrets and URLs are those of the entered workspace."""

    H3 = "H3"
    """Prefixed caches: a cached value is found only in the workspace that stored it."""

    H4 = "H4"
    """Session scope: no SQLAlchemy session outlives the context that it was made in."""

    H5 = "H5"
    """Edge binding: a response's body and threads that copy Flask's context keep the workspace."""

    FIELDS = "FIELDS"
    """Encrypted columns build their engine for each value, with the workspace's own key."""

    FILTERS = "FILTERS"
    """List filters of the REST views are copied for each request."""

    GUARDS = "GUARDS"
    """Data sources may not be the platform's own servers or this machine."""

    TASKS = "TASKS"
    """A task runs in the workspace in which its message was published, or is refused."""

    AUTHORIZER = "AUTHORIZER"
    """SQL on a SQLite data source opens no other file and writes nothing."""


ALL = frozenset(Hook)
"""Every hook: what production installs."""
