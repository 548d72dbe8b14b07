"""The MCP process: six steps around Superset's own MCP service; read `stack.py` first."""
