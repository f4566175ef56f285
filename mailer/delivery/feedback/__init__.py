"""What comes back: reports are worked off, in a lane of their own."""
