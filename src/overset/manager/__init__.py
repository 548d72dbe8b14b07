"""The control plane: teams, users, workspaces, members, tokens, keys and gates; read `app.py` first."""
