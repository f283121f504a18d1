"""Vietnamese text: old encodings, look-alike letters, syllables, what a form can print."""
