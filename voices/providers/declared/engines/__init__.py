"""What each engine is asked and how it answers, one file an engine."""
