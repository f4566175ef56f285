"""Issues from the web: pages and feeds."""
