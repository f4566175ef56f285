"""What is sent: newsletters, issues as their editors know them, and mailings."""
