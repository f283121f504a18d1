"""BHXH's exchange formats: CT07 and XML11, read and written."""
