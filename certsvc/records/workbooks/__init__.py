"""Workbooks out: templates, tables, and the sender's own file with its results."""
