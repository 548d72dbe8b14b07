"""Enter everything of a workspace in Superset, and leave it in reverse, always."""
