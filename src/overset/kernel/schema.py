"""Brings a database of ours to the schema of this release."""

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError

from overset.kernel.database import Database
from overset.kernel.errors import SettingsError


def upgrade_database(database: Database, *, package: str, name: str) -> None:
    """Take the steps that the database has not taken; processes that start together take turns.

    Args:
        database: an open database.
        package: the steps are in its folder `migrations`, in Alembic's form.
        name: what sentences call the database, for example "manager".

    Raises:
        SettingsError: it is newer than this release.
    """
    config = _config(package)
    head = ScriptDirectory.from_config(config).get_current_head()
    with database.reading() as connection:
        if _revision(connection) == head:
            return
    with database.writing() as connection:
        database.lock(connection, name="migrations")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except (CommandError, ResolutionError):
            revision = _revision(connection)
            problem = (
                f"the {name}'s database has the schema {revision!r}, which this release does "
                "not know: use the release that wrote it, or a newer one"
            )
            raise SettingsError([problem]) from None


def _revision(connection: Any) -> str | None:
    revision: str | None = MigrationContext.configure(connection).get_current_revision()
    return revision


def _config(package: str) -> Config:
    config = Config()
    folder = str(files(package) / "migrations")
    # A config parser reads `%` as the start of a reference.
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
