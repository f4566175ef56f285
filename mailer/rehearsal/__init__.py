"""Rehearsals: a whole mailing to a mail server that keeps nothing, of which nothing counts."""
