"""The MCP process: six steps around Superset's own MCP service; read `stack.py` first."""

from overset.kernel.settings import prepare_fastmcp_environment

prepare_fastmcp_environment()  # before anything here imports it
