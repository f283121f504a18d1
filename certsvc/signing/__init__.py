"""Identities, signers, time-stamps, revocation answers, and the seal that joins them to a filled PDF."""
