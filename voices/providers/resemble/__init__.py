"""Resemble: voices that are trained with a spoken consent."""
