"""Inworld's API: clone, list, speak and stream."""
