"""Teams: the organisations that own workspaces."""
