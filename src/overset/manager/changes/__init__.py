"""Changes: what every process must hear of within a second."""
