"""Fingerprints of sound: what a file resembles when watermark and hashes are gone.

They give candidates, never proof.
"""
