"""`pressrun demo`: everything in one command, on loopback, with a Redis and a catch-all inbox of its own."""
