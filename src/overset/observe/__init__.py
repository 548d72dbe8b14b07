"""What happened: logs, metrics and audit; it is handed values and knows neither tenants nor tokens."""
