"""JSON Web Tokens of clients: who sent a request, and what is sent back."""
