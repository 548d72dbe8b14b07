"""Short-lived state that every replica shares: what lives for minutes, and needs no table."""
