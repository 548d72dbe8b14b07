"""The authorization server (OAuth 2.1) and OpenID provider: one RFC a file."""
