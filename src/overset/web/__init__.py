"""The web process: Superset's pages for every workspace, each at its own host."""
