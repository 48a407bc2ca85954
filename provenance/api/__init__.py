"""The HTTP side of provenance."""
