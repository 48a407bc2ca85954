"""Speakers, notices, consents with grants, evidence, signer pages and the gate: who agreed to
what.
"""
