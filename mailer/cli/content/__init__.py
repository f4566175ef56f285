"""Commands about what stands around an issue's words: pictures, files, themes."""
