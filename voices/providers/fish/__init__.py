"""Fish Audio: voices of its own, or recordings with each call."""
