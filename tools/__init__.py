"""Maintainers' scripts: they make data, pictures and tables. Not installed with the package."""
