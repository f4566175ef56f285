"""Who may be mailed: people, lists, consent and suppression. Knows nothing of mail formats, tasks or web pages."""
