"""Erasure of a person: freeze, revoke, delete voices, destroy the key, delete what it opened, log,
certify.
"""
