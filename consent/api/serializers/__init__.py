"""What the API of consent takes and answers: forms that validate, answers that render."""
