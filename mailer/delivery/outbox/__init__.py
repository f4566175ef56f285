"""One-off mail: messages to one person, outside of any mailing. It never waits behind one."""
