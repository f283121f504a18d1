"""Maker of a throw-away PKI for development and tests; nothing of it is ever fit for production."""
