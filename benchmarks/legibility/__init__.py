"""How easy for people: contact sheets for blind reading, and the readings."""
