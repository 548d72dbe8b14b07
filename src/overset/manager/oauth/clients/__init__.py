"""OAuth clients: who may ask for tokens, and where their users are sent back to."""
