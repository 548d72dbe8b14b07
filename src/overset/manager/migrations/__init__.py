"""The manager's schema, step by step (Alembic)."""
