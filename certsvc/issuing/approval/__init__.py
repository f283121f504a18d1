"""A facility's head approves or declines, and delegates that."""
