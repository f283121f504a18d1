"""Where bytes lie: objects (`blobs`), published papers (`archive`, `pieces`), uploads."""
