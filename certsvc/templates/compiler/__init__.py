"""From design to base: laid out once by WeasyPrint, written as PDF/A with empty slots."""
