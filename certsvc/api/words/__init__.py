"""What the pages say, in Vietnamese and English: for everybody, for the console, for the check app."""
