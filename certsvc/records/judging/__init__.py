"""Which certificates a case gets: A and R rules, with dated rows of law as data."""
