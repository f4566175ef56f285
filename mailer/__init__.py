"""What is sent, how it travels, what comes back."""

__version__ = "0.1.0"
