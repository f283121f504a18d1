"""Is this paper true: look-ups, files, many at once, the second factor, what is shown to whom."""
