"""Explains scores: words, changes, what would raise them, trends, and a check of any sentence about them."""
