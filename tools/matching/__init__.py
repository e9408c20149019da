"""Which rep should take which lead, and why."""
