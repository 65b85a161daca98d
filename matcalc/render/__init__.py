"""Printers: the text language, LaTeX, and whole derivations."""
