"""The suites: each measures one part of the product and returns its metrics and cases."""
