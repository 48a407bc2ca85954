"""Erasure of a person across all rooms.

The order: freeze the speaker, withdraw consents, delete voices, destroy the key, delete what the
key opened, append to the log, certify.
"""
