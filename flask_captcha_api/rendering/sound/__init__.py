"""Speaks a prompt as a sound."""
