"""The ASGI steps, one class a file."""
