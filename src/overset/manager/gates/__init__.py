"""Gate rules: kept here, asked through OpenFeature."""
