"""What an import is made of: tables of any kind, what their columns mean, and what becomes of their rows."""
