"""Runs the steps on the connection, and in the transaction, that the caller lends (Alembic)."""

from alembic import context

from overset.manager.db import metadata

# The metadata is here for its naming convention: unnamed constraints get the names of the models.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
