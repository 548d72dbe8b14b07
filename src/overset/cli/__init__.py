"""The `overset` command."""
