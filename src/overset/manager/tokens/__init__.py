"""Tokens: issued, listed, revoked; the token itself is never stored."""
