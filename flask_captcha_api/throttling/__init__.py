"""Rate limits and failure counts."""
