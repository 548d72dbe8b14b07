"""Workspaces: registered, provisioned, suspended, deleted."""
