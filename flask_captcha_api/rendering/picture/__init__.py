"""Draws a prompt as a picture."""
