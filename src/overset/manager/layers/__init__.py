"""The manager's ASGI layers, one class a file."""
