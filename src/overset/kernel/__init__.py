"""What every process needs and knows nothing of ours: errors, ids, settings, clock, changes."""
