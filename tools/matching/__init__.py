"""Who should take this lead: hard rules, learned rep effects, and one optimal assignment over the batch."""
