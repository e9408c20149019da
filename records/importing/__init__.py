"""The importer: files of leads, reps, products and events become validated rows in the system of record."""
