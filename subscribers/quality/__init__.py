"""How good what is known of people is: mistyped domains, role and disposable addresses, fields of a declared kind."""
