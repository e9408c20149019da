"""Temporal only: the durable journey of a lead. Knows domain types and a graph's name, nothing else."""
