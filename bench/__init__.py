"""Bare Superset and Overset measured side by side: `make bench`, explained in docs/how-to."""
