"""What a segment is made of: rules, the language they are written in, and the sets they come to."""
