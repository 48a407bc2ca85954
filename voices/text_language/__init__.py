"""Whether a text speaks the language that it claims: its scripts, and two offline detectors."""
