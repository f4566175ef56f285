"""Checks of what an author brings: colours that can be read, markup that mail programs understand."""
