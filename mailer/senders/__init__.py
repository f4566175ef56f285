"""Who mail is from."""
