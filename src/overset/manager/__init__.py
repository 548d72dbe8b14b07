"""The control plane: teams, users, workspaces, tokens, keys, gates; read `routes.py` first."""
