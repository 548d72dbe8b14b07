"""From phrases to columns, values and time of one dataset; what is not certain is asked about."""
