"""Keeping to the warm-up of a sender's domain: who goes on which day, and no more than the day allows."""
