"""The catalogue of rules: ids, levels, wordings in both languages."""
