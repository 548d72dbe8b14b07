"""Consents: what users let clients do, remembered so that they are asked once."""
