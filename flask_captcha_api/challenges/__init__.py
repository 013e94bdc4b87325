"""Challenges: makers, kinds, sources, and the folding of answers."""
