"""Identities, signers, time-stamps, revocation data, and the seal that adds them to a filled PDF."""
