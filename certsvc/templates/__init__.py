"""Form designs, their layout by WeasyPrint, the QR, the visible signature marks, previews."""
