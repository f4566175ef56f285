"""The command line: one file a noun, one function a verb. Start with `commands`, the table of them all."""
