"""REST: speakers, consents, decisions."""
