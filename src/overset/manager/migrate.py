"""Brings the manager's database to the schema of this release."""

from importlib.resources import files
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util import CommandError

from overset.kernel.errors import SettingsError
from overset.kernel.settings import Settings
from overset.manager.db import Database


def upgrade(settings: Settings) -> None:
    """Bring the database of these settings to the schema of this release; once more does nothing.

    Raises:
        SettingsError: it is newer than this release.
    """
    database = Database(settings.manager_dsn)
    try:
        upgrade_database(database)
    finally:
        database.close()


def upgrade_database(database: Database) -> None:
    """As `upgrade`, of an open database; processes that start together take turns."""
    config = _config()
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
                f"the manager's database has the schema {revision!r}, which this release does "
                "not know: use the release that wrote it, or a newer one"
            )
            raise SettingsError([problem]) from None


def _revision(connection: Any) -> str | None:
    revision: str | None = MigrationContext.configure(connection).get_current_revision()
    return revision


def _config() -> Config:
    config = Config()
    folder = str(files("overset.manager") / "migrations")
    # A config parser reads `%` as the start of a reference.
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config
