"""What is sent, how it travels, what comes back."""
