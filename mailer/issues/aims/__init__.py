"""What a mailing aims at: whom it reaches, what it tries out, what of its reading is recorded."""
