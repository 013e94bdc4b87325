"""The HTTP side: routes, decorator, gateway, JSON envelope and JWT."""
