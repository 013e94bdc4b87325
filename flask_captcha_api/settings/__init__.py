"""Settings: their declarations, their validation, and the syntax of rates."""
