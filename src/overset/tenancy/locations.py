"""Where a workspace keeps what is its own: its metadata database, and the folder of its data."""

import re
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url

from overset.kernel.errors import SettingsError
from overset.kernel.ids import WorkspaceId
from overset.kernel.secrets import Keys, derive
from overset.kernel.settings import Settings

_WORKSPACE_ID = re.compile(r"ws_[a-z2-7]{26}")
_RELEASE = re.compile(r"[a-z0-9.-]{1,40}")
_DRIVER = "postgresql+psycopg2"


def is_workspace_id(text: str) -> bool:
    """Say whether `text` is an id as the platform makes them, safe to name files and roles."""
    return bool(_WORKSPACE_ID.fullmatch(text))


def metadata_url(settings: Settings, keys: Keys, workspace_id: WorkspaceId) -> str:
    """Return the URL of a workspace's metadata database, with its own role and password.

    The password is derived from the master key, so it is stored nowhere.

    Raises:
        ValueError: `workspace_id` is none of the platform's.
        SettingsError: `metadata_url` is no URL of PostgreSQL.
    """
    name = _checked(workspace_id)
    if settings.metadata_url is None:
        return f"sqlite:///{metadata_file(settings, workspace_id)}"
    server = _server(settings.metadata_url.get_secret_value())
    password = database_password(keys, workspace_id)
    url = server.set(drivername=_DRIVER, username=name, password=password, database=name)
    return str(url.render_as_string(hide_password=False))


def database_password(keys: Keys, workspace_id: WorkspaceId) -> str:
    """Return the password of a workspace's own database role."""
    return derive(keys.master, context=_checked(workspace_id), purpose="database-password")


def superset_secret_key(keys: Keys, workspace_id: WorkspaceId) -> str:
    """Return a workspace's `SECRET_KEY`: it signs its cookies and encrypts its stored passwords."""
    return derive(keys.master, context=_checked(workspace_id), purpose="secret-key")


def metadata_file(settings: Settings, workspace_id: WorkspaceId) -> Path:
    """Return the SQLite file of a workspace's metadata."""
    return settings.home / "workspaces" / f"{_checked(workspace_id)}.db"


def data_folder(settings: Settings, workspace_id: WorkspaceId) -> Path:
    """Return the folder of a workspace's own data files, which never holds metadata."""
    return settings.home / "data" / _checked(workspace_id)


def examples_file(settings: Settings, workspace_id: WorkspaceId) -> Path:
    """Return the SQLite file that holds the example data of a demonstration workspace."""
    return data_folder(settings, workspace_id) / "examples.db"


def examples_url(settings: Settings, workspace_id: WorkspaceId) -> str:
    """Return the URL of the example data as a data source: opened read-only.

    Superset rewrites the source named `examples` to its `SQLALCHEMY_EXAMPLES_URI` whenever it
    needs it, so that setting has to be this URL while the workspace is bound.
    """
    path = quote(str(examples_file(settings, workspace_id)))
    return f"sqlite:///file:{path}?mode=ro&uri=true"


def template_file(settings: Settings, release: str) -> Path:
    """Return the SQLite file from which workspaces' metadata is copied.

    Args:
        settings: the settings of this process.
        release: which Superset and which schema, for example `6.1.0-4b2a8c9d3e1f`.
    """
    return settings.home / "templates" / f"superset-{_checked_release(release)}.db"


def template_database(release: str) -> str:
    """Return the name of the PostgreSQL database that workspaces' metadata is cloned from."""
    return "overset_template_" + re.sub(r"[.-]", "_", _checked_release(release))


def _checked(workspace_id: str) -> str:
    if not is_workspace_id(workspace_id):
        msg = f"{workspace_id!r} is not the id of a workspace"
        raise ValueError(msg)
    return workspace_id


def _checked_release(release: str) -> str:
    if not _RELEASE.fullmatch(release):
        msg = f"{release!r} is not the name of a Superset release"
        raise ValueError(msg)
    return release


def _server(text: str) -> URL:
    url = make_url(text)
    if url.get_backend_name() != "postgresql" or not url.host:
        raise SettingsError(["OVERSET_METADATA_URL: must look like `postgresql://host:port`"])
    return url
