"""What a person reads and signs: notices, plain language, the signed record, the register."""
