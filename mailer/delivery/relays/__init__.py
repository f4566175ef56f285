"""Using several relays as if they were one: shares, limits that all workers keep together, failing over."""
