"""A file of cases: accepted, read, mended, cancelled; the fate of every row; exports."""
