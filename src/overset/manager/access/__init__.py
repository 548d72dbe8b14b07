"""Access: may this token or sign-in enter this workspace, and may this caller use the REST API."""
