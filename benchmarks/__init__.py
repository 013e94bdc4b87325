"""Measurements of the package, each runnable by make; none of them is part of what is installed."""
