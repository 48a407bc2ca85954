"""Cartesia's API: clone, list, change, speak and stream."""
