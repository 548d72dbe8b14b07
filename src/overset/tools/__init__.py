"""What: the catalogue of MCP tools and what each one needs."""

from overset.kernel.settings import prepare_fastmcp_environment

prepare_fastmcp_environment()  # before anything here imports it
