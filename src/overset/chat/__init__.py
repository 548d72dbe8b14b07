"""The assistant: a LangGraph agent whose only door to data is MCP; read `turn.py` first."""
