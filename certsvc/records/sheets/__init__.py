"""Tables in: CSV, XLSX, ODS, JSON; headers understood, rows to columns of a case."""
