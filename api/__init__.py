"""The HTTP edge: chat, leads, journeys."""
