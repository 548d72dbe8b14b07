"""Pages for people: how they look, what protects them, and their forms; they need no script."""
