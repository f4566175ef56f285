"""What the command line does with many people at once."""
