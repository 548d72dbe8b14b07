"""Where, who and may of a request with a bearer: the same at each door of a workspace."""
