"""Turns: people of one mailing who are due at different moments, and how an audience is parted into them."""
