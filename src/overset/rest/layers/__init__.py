"""ASGI layers around a REST application, one class a file."""
