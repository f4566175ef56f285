"""People in Redis: one store a noun. The keys are in `subscribers.keys`; every write can be repeated."""
