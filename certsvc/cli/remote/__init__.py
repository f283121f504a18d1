"""Commands that speak to a running service, through the client."""
