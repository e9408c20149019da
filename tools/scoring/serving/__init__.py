"""Scores at the speed of a request: compiled models, cache, budget, bulk. Trains nothing and explains nothing itself."""
