"""Pages about how mail leaves: relays, the domains of senders, destinations."""
