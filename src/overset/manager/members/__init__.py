"""Members: who has which role in which workspace."""
