"""Fingerprints of sound: what a file resembles when mark and hashes are gone.

Candidates, never proof.
"""
