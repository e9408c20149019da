"""How well leads are handed out, and what reps make of them. Changes nothing."""
