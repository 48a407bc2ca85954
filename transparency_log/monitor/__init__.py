"""Monitor of a log from outside: ours or any other."""
