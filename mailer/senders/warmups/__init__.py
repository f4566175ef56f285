"""Warming up: sending domains that are new to mailbox providers, and how much may be mailed from them each day."""
