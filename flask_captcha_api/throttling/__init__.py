"""How often a client may ask or try."""
