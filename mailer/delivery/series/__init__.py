"""Recurring mailings: a series makes a mailing of its own for each of its moments, exactly once."""
