"""The outside: outboxes that deliver a message once per key. Decides nothing: not whom, not what, not whether."""
