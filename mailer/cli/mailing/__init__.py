"""Commands of `pressrun mailings` that have a file of their own."""
