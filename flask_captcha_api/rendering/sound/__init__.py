"""Rendering of prompts as sounds."""
