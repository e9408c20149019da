"""A past period handed out again under other rules: what would have become of its leads. Pure."""
