"""Pages and routes without a key: look-ups, files, many at once, the check app, published lists."""
