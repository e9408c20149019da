"""Learns: the rungs of the ladder, the choice among them, tuning, recalibration and abstaining. Pure."""
