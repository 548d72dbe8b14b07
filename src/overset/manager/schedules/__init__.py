"""When something is next due in each workspace, so that no beat opens databases to find out."""
