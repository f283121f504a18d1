"""What strangers' files are made of, bounded; and how a file is refused."""
