"""Simplification by named laws. Nothing here knows what a derivative is."""
