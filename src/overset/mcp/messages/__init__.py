"""The JSON-RPC steps, one FastMCP middleware a file."""
