"""What to do next for a lead, and when."""
