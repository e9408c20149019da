"""What a message says: language, intent, sentiment, objections, signals, stage."""
