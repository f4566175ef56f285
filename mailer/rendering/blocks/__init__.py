"""From Markdown tokens to the blocks of a document.

`flow` reads what needs no name: prose, pictures, buttons, lines. `containers` reads the typed blocks between `::: name`
and `:::`. `layout` says which blocks share a card, and which take the whole width of the mail.
"""
