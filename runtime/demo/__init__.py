"""The demo: a simulated business, from its files to the end of two journeys, on the real components."""
