"""The rows of the feature table, one module per family. Data only, no computing."""
