"""Authorizations that wait: a client asked, and a person must sign in or decide first."""
