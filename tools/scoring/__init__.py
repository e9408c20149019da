"""Scores leads: point-in-time features, a ladder of models, calibrated probabilities and reasons in points."""
