"""Rendering of prompts as pictures."""
