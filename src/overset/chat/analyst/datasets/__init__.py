"""What the analyst knows of a dataset: its own description, and nothing else."""
