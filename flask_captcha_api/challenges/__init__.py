"""What can be asked: makers, kinds, sources, and how answers are folded before they are compared."""
