"""How mails look: `look` is colours, fonts and corners, `shelf` finds themes, `colour` does the sums."""
