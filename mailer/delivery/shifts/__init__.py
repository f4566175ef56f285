"""Inside a shift: the feeder, the scribe, and what they share. The story is told in `mailer.delivery.sending`."""
