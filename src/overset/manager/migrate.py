"""Brings the manager's database to the schema of this release."""

from overset.kernel.database import Database
from overset.kernel.schema import upgrade_database
from overset.kernel.settings import Settings


def upgrade(settings: Settings) -> None:
    """Bring the database of these settings to the schema of this release; once more does nothing.

    Raises:
        SettingsError: it is newer than this release.
    """
    database = Database(settings.manager_dsn)
    try:
        upgrade_manager(database)
    finally:
        database.close()


def upgrade_manager(database: Database) -> None:
    """As `upgrade`, of an open database."""
    upgrade_database(database, package="overset.manager", name="manager")
