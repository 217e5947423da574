"""Ground floor: translate between a provider's words and ours. No database, no Flask, no RQ, no environment."""
