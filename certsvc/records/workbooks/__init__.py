"""Workbooks out: templates, tables, and a sender's own file with its results."""
