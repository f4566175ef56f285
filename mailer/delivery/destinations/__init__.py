"""Where mail is going: destinations that want less of it for a while, and how much each is given."""
