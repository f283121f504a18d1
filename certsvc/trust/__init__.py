"""Whom this service believes and signs as: identities, anchors, other issuers."""
