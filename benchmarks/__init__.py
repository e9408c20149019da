"""One script per capability: figures beside a peer measured in the same run."""
