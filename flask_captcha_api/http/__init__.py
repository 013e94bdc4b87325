"""The HTTP side: routes, decorator, gateway, the JSON envelope and tokens."""
