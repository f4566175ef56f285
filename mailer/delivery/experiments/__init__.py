"""Trying several editions of a mailing on a share of its audience, and giving the best to the rest."""
