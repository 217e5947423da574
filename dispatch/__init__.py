"""The ticket: rules, rows, use cases, jobs and the one place that wires them."""
