"""Markup that an author wrote: MJML sections within Markdown, and mails wholly in MJML or HTML.

`rawmjml` and `whole` judge the source, so that an error has its line; `finished` judges the HTML that every mail
becomes, whatever it was made from, and is the last lock on the door.
"""
