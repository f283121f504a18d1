"""Suspend, reinstate, revoke, replace one certificate; recall many."""
