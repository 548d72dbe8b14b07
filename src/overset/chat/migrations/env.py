"""Runs the steps on the connection, and in the transaction, that the caller lends (Alembic)."""

from alembic import context

from overset.chat.threads.tables import metadata

# The metadata is here for its naming convention: unnamed constraints are named as in `tables.py`.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
