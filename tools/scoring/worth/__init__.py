"""What a lead is worth: the value of its deal and the days until it is won, as quantiles that were measured."""
