"""What the analyst says: brief Markdown, whose names and figures all come from tools."""
