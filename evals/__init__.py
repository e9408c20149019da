"""Golden suites, metrics, the gate and its report."""
