"""The outside: outboxes."""
