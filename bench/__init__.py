"""Measurements, printed as tables of ratios and counts. Tests never run them."""
