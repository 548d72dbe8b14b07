"""May: feature gates, asked through OpenFeature."""
