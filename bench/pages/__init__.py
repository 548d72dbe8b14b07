"""The benchmark of Superset's pages: Overset's beside those of stock Superset."""
