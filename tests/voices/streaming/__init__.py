"""Streams, by a real server on loopback."""
