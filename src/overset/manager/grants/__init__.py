"""Grants: what users let clients do, each a family of refresh tokens."""
