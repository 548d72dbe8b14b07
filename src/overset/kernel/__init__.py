"""What every process needs and what knows nothing of ours: errors, ids, settings, clock, changes."""
