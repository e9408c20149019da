"""What a person reads about a model: curves, plots and one page."""
