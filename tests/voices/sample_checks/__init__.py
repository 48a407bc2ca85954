"""Tests of the sample checks."""
