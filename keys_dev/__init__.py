"""A throw-away PKI for development and tests, never fit for production."""
