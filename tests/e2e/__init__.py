"""End to end: real processes, real HTTP, real time."""
