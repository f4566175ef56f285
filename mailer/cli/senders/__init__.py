"""Commands about how mail leaves."""
