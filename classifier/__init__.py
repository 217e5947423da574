"""Ground floor: suggest the agency that must answer a text. No database, no Flask, no RQ, no environment."""
