"""The relays that an operator has defined: what they are, what they may take, and how they are."""
