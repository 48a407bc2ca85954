"""Measurements: each a ratio or a count, printed as a table. Never run by the tests."""
