"""Webhooks: events, endpoints, deliveries, and posting to public addresses only."""
