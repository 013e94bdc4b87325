"""Makes the generated parts of the documentation."""
