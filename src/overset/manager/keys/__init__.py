"""Signing keys: generated, rotated, published (RFC 7517)."""
