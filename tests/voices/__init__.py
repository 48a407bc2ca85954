"""Tests of the voices app."""
