"""The Redis servers behind the client: one alone, a primary that sentinels watch, or the nodes of a cluster."""
