"""Cartesia: a clone from one clip, spoken as it is made."""
