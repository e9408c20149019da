"""A sales floor with planted truths. Pure and seeded."""
