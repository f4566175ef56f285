"""Assets: the pictures and files that issues use, kept and served by Pressrun itself."""
