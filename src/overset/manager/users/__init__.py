"""Users: the people of the platform, known by an id that never changes."""
