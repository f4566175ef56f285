"""Who may use the admin pages: accounts, one-time sign-in links, sessions."""
