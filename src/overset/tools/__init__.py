"""What: the catalogue of MCP tools and what each one needs."""
