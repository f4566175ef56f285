"""The commands about what comes back."""
