"""Inworld: voices from a few seconds, spoken in many languages."""
