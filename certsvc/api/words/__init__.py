"""What the pages say, in Vietnamese and English: the public ones, the console, the check app."""
