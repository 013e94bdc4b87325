"""How hard for software: what OCR, a trained network and matchers read and hear."""
