"""The assistant's tokens: each for a browser's sign-in and one workspace."""
