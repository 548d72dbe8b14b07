"""Models of providers: which one a workspace has, what it costs, and what its errors mean."""
