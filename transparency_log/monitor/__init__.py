"""Watching a log from outside: ours or any other."""
