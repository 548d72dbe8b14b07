"""Overset: many isolated Apache Superset workspaces that AI can operate."""

__version__ = "0.1.0"
