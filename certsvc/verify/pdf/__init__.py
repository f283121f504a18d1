"""What the bytes of a PDF prove: geometry, signatures, chains, permissions, evidence."""
