"""The REST API of the assistant: what its endpoints read, do and say."""
