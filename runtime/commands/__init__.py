"""The commands of `leadline`, one module each, imported when called."""
