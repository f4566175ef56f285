"""From an issue to bytes: Markdown and a theme become an edition, and an edition becomes one message a person.

`compiling` is the recipe for the first half and runs once an issue; `message` is the second half and costs microseconds
a person; `preflight` says what is wrong before anybody gets it.
"""
