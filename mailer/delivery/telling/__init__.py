"""What an admin is told of a mailing: what will hold it up, and what servers say."""
