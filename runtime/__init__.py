"""The composition root: settings, wiring, embedded servers, command line."""
