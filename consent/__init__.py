"""Speakers, notices, consents with grants, evidence, signing pages and the gate."""
