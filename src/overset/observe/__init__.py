"""What happened: logs, metrics and audit; handed values, it knows neither tenants nor tokens."""
