"""Durable journeys on Temporal. Deterministic."""
