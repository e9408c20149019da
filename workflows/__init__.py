"""Temporal only: the journey of a lead, scores kept up to date, trainings. Knows domain types and a graph's name."""
