"""The tests: one folder a room, `suite.py` runs them all on every database there is."""
