"""Keeps a model honest after the fact: leakage, drift, and whether a new version may replace the old."""
