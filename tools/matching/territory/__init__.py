"""A day on the road: territories, routes, and what they save. Reaches no network."""
