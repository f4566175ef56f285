"""Editions on their way into mailings: what goes with them, and bringing back one that is gone."""
