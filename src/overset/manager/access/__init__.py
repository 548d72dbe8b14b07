"""Access: may this token enter this workspace, and may this caller use the REST API."""
