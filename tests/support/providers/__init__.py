"""Stand-ins of model providers: real HTTP servers that answer as a test has written."""
