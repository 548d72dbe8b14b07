"""What members ask: from plain English to a `Question` that names things as they were said."""
