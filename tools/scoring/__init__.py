"""Which leads are worth the time, and why."""
