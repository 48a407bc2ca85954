"""Fish Audio's API in front of the gate."""
