"""SQL of the analyst: one SELECT, built as a tree and written in the data source's own dialect."""
