"""Tests of consent: who may be asked, what was signed, what the gate says."""
