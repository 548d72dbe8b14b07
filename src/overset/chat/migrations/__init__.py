"""The schema of the assistant's database, step by step (Alembic)."""
